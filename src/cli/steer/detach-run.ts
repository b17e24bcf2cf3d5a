/** `locality-tune detach`: detaches the program and prints the result. */
import { detachLines } from '../../report/steer.ts';
import { dropInsOf, removeDropIn, type Served } from '../../tune/drop-in.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { detachFrom } from '../../use-cases/steer.ts';
import { asFailure, usage } from '../errors.ts';
import { progress, say, sayParagraph } from '../output.ts';
import { CHANGES_UNITS, servedBy } from './persist-attach.ts';
import { printResults } from './print-results.ts';
import { type SteerOptions, selectorOf } from './steer-options.ts';

export interface DetachCommandOptions extends SteerOptions {
  readonly persist?: true;
}

export async function runDetach(options: DetachCommandOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const dropIns = droppedIn(options);
  const how = { dryRun, force: options.force === true };
  const machine = openMachine();
  try {
    const results = await detachFrom(machine, selectorOf(options), how, progress);
    printResults('detach', results, options, () => detachLines(results, dryRun));
  } catch (error) {
    // Of a server that is stopped only the drop-in is left.
    if (!options.persist || dropIns.length === 0 || asFailure(error).code !== 'no-such-group') throw error;
  }
  for (const path of dropIns) {
    if (!options.persist)
      sayParagraph('note: ', `${path} attaches a program again at the next start: --persist removes it`);
    else if (dryRun) say(`would remove ${path}\n`);
    else {
      await removeDropIn(path);
      say(`removed ${path}\n`);
    }
  }
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
