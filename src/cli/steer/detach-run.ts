/** `locality-tune detach`: asks, detaches the program and prints the result. */
import { detachLines } from '../../report/steer.ts';
import type { Detached } from '../../steer/attach.ts';
import { duringOperation } from '../../system/errors.ts';
import { forgetAttachment } from '../../tune/attachment.ts';
import { dropInsOf, removeDropIn, type Served } from '../../tune/drop-in.ts';
import { type LiveMachine, openMachine, requireRoot } from '../../use-cases/machine.ts';
import { checkDetachFrom, detachFrom, recordsWithoutServer } from '../../use-cases/steer.ts';
import { count } from '../../words/phrase.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import { asFailure, EXIT, usage } from '../errors.ts';
import { printLines, progress, say, sayParagraph, styleOf } from '../output.ts';
import { CHANGES_UNITS, servedBy } from './persist-attach.ts';
import { printResults } from './print-results.ts';
import { type SteerOptions, selectorOf } from './steer-options.ts';

export interface DetachCommandOptions extends SteerOptions {
  readonly persist?: true;
  readonly yes?: true;
}

export async function runDetach(options: DetachCommandOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const dropIns = droppedIn(options);
  const removed = options.persist ? dropIns : [];
  const machine = openMachine();
  const how = { dryRun, force: options.force === true };
  const selector = selectorOf(options);
  const forgotten = 'protocol' in selector ? await recordsWithoutServer(machine, selector) : [];
  const planned =
    options.yes || dryRun
      ? null
      : await unlessStopped([...removed, ...forgotten], () =>
          checkDetachFrom(machine, selector, how, progress),
        );
  if (planned !== null && !(await agreeToDetach(planned, removed, options))) {
    process.exitCode = EXIT.failed;
    return say('nothing was changed\n');
  }
  const isNoop = planned?.every(({ attached }) => !attached) === true;
  const results = isNoop
    ? planned
    : await unlessStopped([...removed, ...forgotten], () => detachFrom(machine, selector, how, progress));
  // Before anything is printed: a failure is one document, too.
  if (!dryRun) await remove(machine, forgotten, removed, results);
  if (results.length > 0 || options.json || options.pretty)
    printResults(
      results,
      options,
      (each) => ({ schema: 'locality-tune.detach/1', ...each }),
      () => detachLines(results, dryRun ? 'dry run' : 'done'),
    );
  for (const group of forgotten) {
    const done = dryRun ? 'would remove' : 'removed';
    say(`${group}: no reuseport group is there now; ${done} the record of its program\n`);
  }
  for (const path of dropIns) {
    if (!options.persist)
      sayParagraph('note: ', `${path} attaches a program again at the next start: --persist removes it`);
    else say(`${dryRun ? 'would remove' : 'removed'} ${path}\n`);
  }
}

/** The records of groups that are gone, and drop-ins. Throws as forgetAttachment and removeDropIn do. */
async function remove(
  machine: LiveMachine,
  groups: readonly string[],
  paths: readonly string[],
  results: readonly Detached[],
): Promise<void> {
  try {
    for (const group of groups) forgetAttachment(machine, group);
    for (const path of paths) await removeDropIn(path);
  } catch (error) {
    const detached = results.filter((each) => each.detached).map(({ group }) => group);
    throw detached.length === 0
      ? error
      : duringOperation(
          error,
          `the program of ${detached.join(', ')} was detached, but not all that belongs to it was removed`,
        );
  }
}

/** Of a server that is stopped only the drop-in and the record are left. Throws what `act` throws. */
async function unlessStopped(
  left: readonly string[],
  act: () => Promise<readonly Detached[]>,
): Promise<readonly Detached[]> {
  try {
    return await act();
  } catch (error) {
    if (left.length === 0 || !STOPPED.has(asFailure(error).code)) throw error;
    return [];
  }
}

/** A server that opens its address without SO_REUSEPORT now has no group either. */
const STOPPED: ReadonlySet<string> = new Set(['no-such-group', 'not-reuseport']);

/** Throws CliError usage where nobody can be asked. */
async function agreeToDetach(
  planned: readonly Detached[],
  removed: readonly string[],
  options: DetachCommandOptions,
): Promise<boolean> {
  const [first, ...more] = planned.filter(({ attached }) => attached);
  if (first === undefined && removed.length === 0) return true;
  requireAnswer('detach', false);
  if (!options.json && !options.pretty) {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(detachLines(planned, 'asked'), style);
  }
  for (const path of removed) say(`would remove ${path}\n`);
  if (first === undefined) return confirm(`Remove ${count(removed.length, 'file')}?`);
  const where = more.length > 0 ? count(more.length + 1, 'group') : first.group;
  return confirm(
    `Detach the program from ${where}${removed.length > 0 ? `, and remove ${count(removed.length, 'file')}` : ''}?`,
  );
}

/** Throws usage. */
function droppedIn(options: DetachCommandOptions): readonly string[] {
  if (options.persist && options.netns !== undefined)
    throw usage('--persist: cannot be combined with --netns', 'omit --netns');
  if (options.persist && !options.dryRun) requireRoot('detach --persist', CHANGES_UNITS);
  const served: Served | null = options.persist
    ? servedBy(options, '--persist')
    : options.port === undefined
      ? null
      : { protocol: options.udp ? 'udp' : 'tcp', port: options.port };
  return served === null || options.netns !== undefined ? [] : dropInsOf(served);
}
