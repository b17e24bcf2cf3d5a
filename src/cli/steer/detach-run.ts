/** `locality-tune detach`: detaches the program and prints the result. */
import { detachLines } from '../../report/steer.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { detachFrom } from '../../use-cases/steer.ts';
import { progress } from '../output.ts';
import { printResults } from './print-results.ts';
import { type SteerOptions, selectorOf } from './steer-options.ts';

export async function runDetach(options: SteerOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const how = { dryRun, force: options.force === true };
  const results = await detachFrom(openMachine(), selectorOf(options), how, progress);
  printResults('detach', results, options, () => detachLines(results, dryRun));
}
