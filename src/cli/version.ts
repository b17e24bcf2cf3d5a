/** `locality-tune --version` without the program: scripts call it often, and loading commands takes as long as starting Node. */
import { writeSync } from 'node:fs';
import { packageVersion } from '../system/package.ts';

/** False if it could not be written: the program then says why. */
export function printVersion(): boolean {
  try {
    writeSync(1, `${packageVersion()}\n`);
    return true;
  } catch {
    return false;
  }
}
