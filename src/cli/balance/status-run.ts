/** `locality-tune balance status` and `live`: what is attached, and what it has counted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BalanceStatus, balanceStatus, noBalancer } from '../../balance/status.ts';
import { nothingBalanced, statusLines } from '../../report/balance-status.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { asFailure, during, EXIT } from '../errors.ts';
import type { Globals } from '../options.ts';
import { clearScreen, printDocument, printLines, styleOf } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { readBalancer } from './plan-run.ts';

export interface BalanceStatusOptions extends Globals {
  readonly iface?: string;
  readonly file?: string;
}

export interface BalanceLiveOptions extends Globals {
  readonly iface?: string;
  readonly interval: number;
  readonly count?: number;
}

const NEEDS = 'CAP_BPF, CAP_SYS_ADMIN and CAP_NET_ADMIN';

export async function runBalanceStatus({ iface, file, ...options }: BalanceStatusOptions): Promise<void> {
  const wanted = file === undefined ? null : await readBalancer(file);
  const machine = openMachine();
  const found = await during('balance status', NEEDS, () =>
    balanceStatus(machine.files, iface ?? null, wanted),
  );
  if (options.json || options.pretty)
    printDocument({ schema: 'locality-tune.balance-status/1', balancers: found.map(documentOf) }, options);
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(found.length === 0 ? [nothingBalanced] : statusLines(found, null, style), style);
  }
  if (found.length === 0) process.exitCode = EXIT.unknown;
  else if (found.some(({ warnings }) => warnings.length > 0)) process.exitCode = EXIT.failed;
}

/** One object a line with -j; on a terminal a table that is drawn again. */
export async function runBalanceLive({
  iface,
  interval,
  count,
  ...options
}: BalanceLiveOptions): Promise<void> {
  const machine = openMachine();
  const signal = untilInterrupted();
  const style = styleOf(options.color, process.stdout, process.env);
  const clears = process.stdout.isTTY === true;
  let before: { readonly at: number; readonly found: readonly BalanceStatus[] } | null = null;
  for (let round = 0; count === undefined || round < count; round++) {
    if (round > 0) {
      const ended = await sleep(1000 * interval, false, { signal }).catch(() => true);
      if (ended) break;
    }
    const at = performance.now();
    const found = await during('balance live', NEEDS, () =>
      balanceStatus(machine.files, iface ?? null, null),
    );
    if (found.length === 0) throw asFailure(noBalancer(iface ?? null), 'balance live');
    const seconds = before === null ? null : (at - before.at) / 1000;
    if (options.json || options.pretty)
      printDocument(
        {
          schema: 'locality-tune.balance-live/1',
          time: new Date().toISOString(),
          seconds: seconds === null ? null : Math.round(1000 * seconds) / 1000,
          balancers: found.map(documentOf),
        },
        options,
      );
    else {
      if (clears) clearScreen();
      const since = before === null || seconds === null ? null : { seconds, found: before.found };
      printLines(statusLines(found, since, style), style);
    }
    before = { at, found };
  }
}

const documentOf = ({ vips, ...status }: BalanceStatus) => ({
  ...status,
  vips: vips.map(({ name, vip, backends }) => ({
    vip: name,
    address: vip.address,
    port: vip.port,
    protocol: vip.protocol,
    backends,
  })),
});
