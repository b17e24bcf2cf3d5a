/** `locality-tune attach`: asks, attaches a program to a group and prints the result. */
import { attachLines, attachMeasuredLines } from '../../report/steer.ts';
import type { Attached, AttachOptions } from '../../steer/attach.ts';
import { type LiveMachine, openMachine } from '../../use-cases/machine.ts';
import { measureAround } from '../../use-cases/measure-around.ts';
import { attachTo, checkAttachTo, theGroup } from '../../use-cases/steer.ts';
import { asFailure, cliFailure, EXIT, usage } from '../errors.ts';
import { progress, say } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { agreeToAttach } from './ask-attach.ts';
import { printResults } from './print-results.ts';
import { type AttachCommandOptions, askedProgram } from './requested-program.ts';
import { selectorOf } from './steer-options.ts';

/** Seconds of --measure without a number, before and after the change. */
const MEASURE_SECONDS = 3;

export async function runAttach(options: AttachCommandOptions): Promise<void> {
  const { measure, dryRun, yes } = options;
  if (measure !== undefined && dryRun)
    throw usage('--measure: cannot be combined with --dry-run', 'omit one of them');
  if (measure !== undefined && options.allGroups)
    throw usage('--measure: measures one group at a time', 'choose it with --pid and --fd');
  const machine = openMachine();
  const asked: AttachOptions = {
    ...(await askedProgram(options, machine)),
    groupSize: options.groupSize ?? null,
    dryRun: dryRun === true,
    force: options.force === true,
  };
  const planned = yes || dryRun ? [] : await checkAttachTo(machine, selectorOf(options), asked, progress);
  const changes = planned.some(({ attached }) => !attached);
  if (changes && !(await agreeToAttach(planned, options))) {
    process.exitCode = EXIT.failed;
    return say('nothing was changed\n');
  }
  if (measure !== undefined) return attachMeasured(machine, options, asked, measure);
  const isNoop = planned.length > 0 && !changes;
  const results = isNoop ? planned : await attachTo(machine, selectorOf(options), asked, progress);
  printResults('attach', withoutKnown(results, changes ? planned : [], options), options, (style) =>
    attachLines(results, changes ? 'agreed' : dryRun ? 'dry run' : 'done', style),
  );
}

/** What was said before the question need not be said again; a JSON document has it all. */
function withoutKnown<T extends Attached>(
  results: readonly T[],
  known: readonly Attached[],
  { json, pretty }: AttachCommandOptions,
): readonly T[] {
  if (json || pretty) return results;
  const said = new Set(known.flatMap(({ group, warnings }) => warnings.map((each) => `${group} ${each}`)));
  return results.map((result) => ({
    ...result,
    warnings: result.warnings.filter((each) => !said.has(`${result.group} ${each}`)),
  }));
}

async function attachMeasured(
  machine: LiveMachine,
  options: AttachCommandOptions,
  asked: AttachOptions,
  measure: number | true,
): Promise<void> {
  const selector = selectorOf(options);
  const group = await theGroup(machine, selector, progress);
  const seconds = measure === true ? MEASURE_SECONDS : measure;
  const interruption = heedInterruptions();
  const around = { seconds, signal: interruption.signal, progress };
  const { result, measured, why } = await measureAround(group, around, () =>
    attachTo(machine, selector, asked, progress),
  ).catch((error: unknown) => {
    const { code, message, hint, exit } = asFailure(error);
    throw cliFailure(code, message, hint, code === 'interrupted' ? (interruption.status() ?? exit) : exit);
  });
  // What is lost from here on is only the output.
  const status = interruption.status();
  const results = result.map((each) => ({
    ...each,
    measured,
    warnings: why === null ? each.warnings : [...each.warnings, why],
  }));
  printResults('attach', results, options, (style) => [
    ...attachLines(results, 'done', style),
    ...(measured === null || why !== null
      ? []
      : attachMeasuredLines(measured, group.protocol === 'tcp' ? 'accepts' : 'datagrams', style)),
  ]);
  if (status !== null) process.exitCode = status;
}
