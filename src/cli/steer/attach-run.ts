/** `locality-tune attach`: put a program on a group, print what became of it. */
import { attachLines, measuredLines } from '../../report/steer.ts';
import type { Attached } from '../../steer/attach.ts';
import { type LiveMachine, openMachine } from '../../use-cases/machine.ts';
import { measureAround } from '../../use-cases/measure-around.ts';
import { attachTo, theGroup } from '../../use-cases/steer.ts';
import { usage } from '../errors.ts';
import { progress } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { printResults } from './print-results.ts';
import { type Asked, type AttachCommandOptions, askedProgram } from './program-asked.ts';
import { selectorOf } from './steer-options.ts';

/** Of --measure without a number, before and after each. */
const MEASURE_SECONDS = 3;

export async function runAttach(options: AttachCommandOptions): Promise<void> {
  const machine = openMachine();
  const asked = await askedProgram(options, machine);
  if (options.measure !== undefined) return attachMeasured(machine, options, asked, options.measure);
  const results = await attachAsked(machine, options, asked);
  printResults('attach', results, options, (style) => attachLines(results, options.dryRun === true, style));
}

const attachAsked = (
  machine: LiveMachine,
  options: AttachCommandOptions,
  asked: Asked,
): Promise<Attached[]> =>
  attachTo(
    machine,
    selectorOf(options),
    {
      ...asked,
      groupSize: options.groupSize ?? null,
      dryRun: options.dryRun === true,
      force: options.force === true,
    },
    progress,
  );

async function attachMeasured(
  machine: LiveMachine,
  options: AttachCommandOptions,
  asked: Asked,
  measure: number | true,
): Promise<void> {
  if (options.dryRun) throw usage('--measure: cannot be combined with --dry-run', 'omit one of them');
  if (options.allGroups)
    throw usage('--measure: measures one group at a time', 'choose it with --pid and --fd');
  const group = await theGroup(machine, selectorOf(options), progress);
  const seconds = measure === true ? MEASURE_SECONDS : measure;
  const around = { seconds, signal: untilInterrupted(), progress };
  const { result, measured, why } = await measureAround(group, around, () =>
    attachAsked(machine, options, asked),
  );
  const results = result.map((each) => ({
    ...each,
    measured,
    warnings: why === null ? each.warnings : [...each.warnings, why],
  }));
  printResults('attach', results, options, (style) => [
    ...attachLines(results, false, style),
    ...(measured === null || why !== null
      ? []
      : measuredLines(measured, group.protocol === 'tcp' ? 'accepts' : 'datagrams', style)),
  ]);
}
