/** `locality-tune attach`: asks, attaches a program to a group and prints the result. */
import { attachLines, attachMeasuredLines } from '../../report/steer.ts';
import type { Attached, AttachOptions } from '../../steer/attach.ts';
import type { DropIn } from '../../tune/drop-in.ts';
import { keepAttached } from '../../use-cases/keep-attached.ts';
import { type LiveMachine, openMachine } from '../../use-cases/machine.ts';
import { measureAround } from '../../use-cases/measure-around.ts';
import { attachTo, checkAttachTo, theGroup } from '../../use-cases/steer.ts';
import { waitForGroup } from '../../use-cases/wait-for-group.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import type { AttachDocument, AttachResult } from '../documents/steer.ts';
import { asFailure, cliFailure, EXIT, usage } from '../errors.ts';
import { progress, say } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { agreeToAttach } from './ask-attach.ts';
import { dropInAsked, printDropIn, servedBy, WAIT_SECONDS } from './persist-attach.ts';
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
  await waitIfAsked(options, machine);
  const dropIn = await dropInAsked(options, machine);
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
  if (dropIn !== null && !yes && !dryRun) {
    requireAnswer('attach --persist', false);
    printDropIn(dropIn, options);
    if (!(await confirm('Write this file?'))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  if (measure !== undefined) await attachMeasured(machine, options, asked, measure);
  else await attachNow(machine, options, asked, { planned, changes, dropIn });
  if (dropIn === null) return;
  if (dryRun) {
    if (!options.json && !options.pretty) printDropIn(dropIn, options);
    return;
  }
  await keepAttached(machine, dropIn);
  say(`${dropIn.path} attaches it again at each start and reload of ${dropIn.unit}\n`);
}

async function waitIfAsked(options: AttachCommandOptions, machine: LiveMachine): Promise<void> {
  const { wait, sockets = null } = options;
  if (wait === undefined) {
    if (sockets !== null) throw usage('--sockets: needs --wait', 'omit it');
    return;
  }
  const selector = { ...servedBy(options, '--wait'), allGroups: options.allGroups === true };
  const seconds = wait === true ? WAIT_SECONDS : wait;
  const { signal, status } = heedInterruptions();
  try {
    await waitForGroup(machine, selector, { seconds, sockets, signal, progress });
  } catch (error) {
    const { code, message, hint, exit } = asFailure(error);
    throw cliFailure(code, message, hint, code === 'interrupted' ? (status() ?? exit) : exit);
  }
}

async function attachNow(
  machine: LiveMachine,
  options: AttachCommandOptions,
  asked: AttachOptions,
  { planned, changes, dropIn }: Agreed,
): Promise<void> {
  const isNoop = planned.length > 0 && !changes;
  const done = isNoop ? planned : await attachTo(machine, selectorOf(options), asked, progress);
  const results = done.map((each) => ({ ...each, ...(dropIn && { dropIn }) }));
  printResults(withoutKnown(results, changes ? planned : [], options), options, toDocument, (style) =>
    attachLines(results, changes ? 'agreed' : options.dryRun ? 'dry run' : 'done', style),
  );
}

interface Agreed {
  /** Empty if nobody was asked. */
  readonly planned: readonly Attached[];
  readonly changes: boolean;
  readonly dropIn: DropIn | null;
}

const toDocument = (
  results: AttachResult | { readonly groups: readonly AttachResult[] },
): AttachDocument => ({ schema: 'locality-tune.attach/1', ...results });

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
  printResults(results, options, toDocument, (style) => [
    ...attachLines(results, 'done', style),
    ...(measured === null || why !== null
      ? []
      : attachMeasuredLines(measured, group.protocol === 'tcp' ? 'accepts' : 'datagrams', style)),
  ]);
  if (status !== null) process.exitCode = status;
}
