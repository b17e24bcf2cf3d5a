/** A machine and the data joined from it: the input of rules, plans and reports. */
import type { Host } from '../host/types.ts';
import { expectedLocality } from './expected.ts';
import { joinPaths } from './join.ts';
import type { Expected, Path } from './types.ts';

export interface View {
  readonly host: Host;
  readonly paths: readonly Path[];
  readonly expected: readonly Expected[];
}

export const viewOf = (host: Host): View => ({
  host,
  paths: joinPaths(host),
  expected: expectedLocality(host),
});
