import type { Group } from '../../src/host/types.ts';
import { cliJson } from './cli.ts';

interface Figures {
  readonly rx: number;
  readonly tx: number;
  readonly accept: number;
  readonly events: { readonly rx: number; readonly accept: number };
}

/** What `tune -j` answers, as far as the tests read it. */
export interface Tuned {
  readonly before: Figures;
  readonly after: Figures;
  readonly kept: boolean;
  readonly why: string;
  readonly plan: { readonly changes: readonly { readonly kind: string }[] };
}

/** The one group of a port. */
export async function theGroup(port: number): Promise<Group> {
  const { groups } = await cliJson<{ groups: readonly Group[] }>('inspect', '--port', String(port));
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  return group;
}

/** What a tune changes of a group. */
export const facts = ({ selection, program, sockets }: Group) => ({
  selection,
  program,
  cpus: sockets.map(({ cpus }) => cpus),
});
