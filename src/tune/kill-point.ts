/** For the tests of undo: after N writes of any kind this process kills itself by SIGKILL. */
import { places } from './places.ts';

let left = places().killAfter;

/** After each line of a journal and each setting. */
export function killPoint(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
