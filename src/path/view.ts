/** A machine, and what is joined from it: what rules, plans and reports look at. */
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
