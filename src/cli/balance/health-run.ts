/** `locality-tune balance health`: takes away the backends that do not answer, until it is stopped. */
import { healthLines } from '../../report/balance-health.ts';
import { watchHealth } from '../../use-cases/balance-health.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { during } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { readBalancer } from './plan-run.ts';

export interface BalanceHealthOptions extends Globals {
  readonly iface?: string;
  readonly interval: number;
  readonly timeout: number;
  readonly fall: number;
  readonly rise: number;
  readonly keep: number;
  readonly count?: number;
}

/** One object a line with -j. */
export async function runBalanceHealth(
  path: string | null,
  { iface, interval, timeout, fall, rise, keep, count, ...options }: BalanceHealthOptions,
): Promise<void> {
  const file = path === null ? null : (await readBalancer(path)).vips;
  requireRoot('balance health', 'changing the tables of a balancer needs CAP_BPF and CAP_SYS_ADMIN');
  const limits = { fall, rise, keep };
  const how = { iface: iface ?? null, interval, timeout, rounds: count ?? null, file, ...limits };
  const style = styleOf(options.color, process.stdout, process.env);
  const machine = openMachine();
  await during('balance health', 'root', async () => {
    for await (const event of watchHealth(machine, how, untilInterrupted())) {
      const time = new Date().toISOString();
      if (options.json || options.pretty)
        printDocument({ schema: 'locality-tune.balance-health/1', time, ...event }, options);
      else printLines(healthLines(event, style), style);
    }
  });
}
