/** `locality-tune tune --prove`: keeps the plan only if an experiment shows that it pays. */
import { randomInt } from 'node:crypto';
import { proveLines } from '../../report/prove.ts';
import { paragraph } from '../../report/text.ts';
import { changeLines } from '../../report/tune.ts';
import { readAttachMachine } from '../../steer/machine.ts';
import { keepProved } from '../../use-cases/keep-proved.ts';
import { openMachine } from '../../use-cases/machine.ts';
import type { Planned } from '../../use-cases/plan.ts';
import { type Asked, selectorOf } from '../../use-cases/prove-change.ts';
import { EXIT, usage } from '../errors.ts';
import { forOutside, printDocument, printLines, progress, styleOf } from '../output.ts';
import { BLOCKS, MARGIN, ROUND_OF_PLAN } from '../prove/defaults.ts';
import { runExperiment } from '../prove/run-experiment.ts';
import type { Interruption } from '../signals.ts';
import type { TuningOptions } from './plan-options.ts';

interface ProvingOptions extends TuningOptions {
  readonly keep?: true;
  readonly yes?: true;
}

/** Throws CliError usage. */
export function checkProveOptions({ keep, port = [] }: ProvingOptions): void {
  if (keep) throw usage('--keep: --prove keeps the changes only if they pay', 'omit one of them');
  if (port.length !== 1)
    throw usage('--prove: one port is needed, whose connections are counted', 'use --port PORT once');
}

export async function proveAndKeep(
  { plan }: Planned,
  options: ProvingOptions,
  interruption: Interruption,
): Promise<void> {
  const json = options.json || options.pretty;
  const style = styleOf(options.color, process.stdout, process.env);
  if (!json) printLines(changeLines(plan.changes, style), style);
  const machine = openMachine();
  const attachMachine = readAttachMachine(machine);
  const asked: Asked = { kind: 'plan', plan };
  const where = {
    port: options.port?.[0] ?? 0,
    protocol: options.udp ? 'udp' : 'tcp',
    group: null,
    allGroups: true,
  } as const;
  const proved = await runExperiment(
    machine,
    {
      ...where,
      per: options.udp ? 'datagram' : 'connection',
      change: asked,
      machine: attachMachine,
      blocks: BLOCKS,
      untilClear: false,
      primary: 'worker-cpu',
      number: null,
      better: 'lower',
      round: ROUND_OF_PLAN,
      margin: MARGIN / 100,
      latency: false,
      aa: false,
      seed: randomInt(2 ** 31 - 1),
      yes: options.yes === true,
    },
    interruption,
  );
  const { signal } = interruption;
  const { kept, why, journal } = await keepProved(machine, proved, asked, {
    machine: attachMachine,
    selector: selectorOf(where),
    signal,
    progress,
  });
  if (json) {
    const nothing = { before: null, after: null, failed: [], takenBack: null, undone: null };
    const document = {
      schema: 'locality-tune.tune/1' as const,
      ...nothing,
      plan,
      kept,
      why: forOutside(why),
      journal,
    };
    printDocument({ ...document, judged: 'cost', proved }, options);
  } else printLines([...proveLines(proved, style), [], ...paragraph('', why, style)], style);
  process.exitCode = interruption.status() ?? (kept ? EXIT.ok : EXIT.failed);
}
