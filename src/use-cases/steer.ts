/** Attaches a program to reuseport groups of this machine, or detaches it. */
import { readSockets, type Sockets } from '../host/sockets.ts';
import type { Group } from '../host/types.ts';
import {
  type Attached,
  type AttachOptions,
  attach,
  checkAttach,
  checkDetach,
  type Detached,
  type DetachOptions,
  detach,
} from '../steer/attach.ts';
import { identify } from '../steer/member.ts';
import { type GroupChoice, selectGroups } from '../steer/select.ts';
import { noteAttachment, readAttachments } from '../tune/attachment.ts';
import { portOf } from '../tune/settings/program.ts';
import type { LiveMachine, Progress } from './machine.ts';

/** Throws Failure: everything of selectGroups and attach. */
export async function attachTo(
  machine: LiveMachine,
  selector: GroupChoice,
  options: AttachOptions,
  progress: Progress,
): Promise<Attached[]> {
  const seen = await readGroups(machine, selector, true, progress);
  const results = await attach(machine.kernel, seen, selector, options);
  for (const { group, program, changed } of results)
    if (changed) note(machine, seen, group, program.instructions);
  return results;
}

/** What attachTo would do, after all of its checks: for somebody to agree to. Throws what it throws. */
export async function checkAttachTo(
  machine: LiveMachine,
  selector: GroupChoice,
  options: AttachOptions,
  progress: Progress,
): Promise<readonly Attached[]> {
  return checkAttach(machine.kernel, await readGroups(machine, selector, true, progress), selector, options);
}

/** What attaching would do to a group as it was last read; changes nothing. Throws Failure: everything of attach. */
export async function previewAttach(
  { kernel }: LiveMachine,
  group: Group,
  options: AttachOptions,
): Promise<Attached> {
  const seen: Sockets = { groups: [group], lone: [], addresses: [], notes: [] };
  const selector = { group: group.id, port: group.port };
  return theOnly(await attach(kernel, seen, selector, { ...options, dryRun: true }));
}

/** Throws Failure: everything of selectGroups and detach. */
export async function detachFrom(
  machine: LiveMachine,
  selector: GroupChoice,
  options: DetachOptions,
  progress: Progress,
): Promise<readonly Detached[]> {
  const seen = await readGroups(machine, selector, true, progress);
  const results = await detach(machine.kernel, seen, selector, options);
  // Also where the server has lost it already: `status` then misses nothing any more.
  if (!options.dryRun) for (const { group } of results) note(machine, seen, group, null);
  return results;
}

/** What detachFrom would do, after all of its checks: for somebody to agree to. Throws what it throws. */
export async function checkDetachFrom(
  machine: LiveMachine,
  selector: GroupChoice,
  options: Pick<DetachOptions, 'force'>,
  progress: Progress,
): Promise<readonly Detached[]> {
  return checkDetach(machine.kernel, await readGroups(machine, selector, true, progress), selector, options);
}

/** What was attached to groups of this port that are not there now: records only, the programs ended with their servers. */
export async function recordsWithoutServer(
  machine: LiveMachine,
  { port, protocol }: { readonly port: number; readonly protocol: string },
): Promise<readonly string[]> {
  const noted = [...readAttachments(machine).keys()].filter(
    (id) => portOf(id) === port && id.startsWith(`${protocol} `),
  );
  if (noted.length === 0) return [];
  const { groups } = await readSockets(machine, machine.arch, { port, slots: false, sampleSeconds: 0 });
  return noted.filter((id) => !groups.some((group) => group.id === id));
}

/** So that `status` can say who it was, and see when the group is another one. */
function note(
  machine: LiveMachine,
  { groups }: Sockets,
  id: string,
  program: Attached['program']['instructions'] | null,
): void {
  const group = groups.find((each) => each.id === id);
  if (group !== undefined) noteAttachment(machine, group, program);
}

/** Finds the one selected group without its slots, which take seconds to read. Throws Failure. */
export const theGroup = async (
  machine: LiveMachine,
  selector: GroupChoice,
  progress: Progress,
): Promise<Group> => theOnly(await theGroups(machine, selector, progress));

/** The same of all selected groups, of which there is at least one. */
export async function theGroups(
  machine: LiveMachine,
  selector: GroupChoice,
  progress: Progress,
): Promise<readonly Group[]> {
  const seen = await readGroups(machine, selector, false, progress);
  return (await selectGroups(machine.kernel, seen, selector)).map(({ group }) => group);
}

/** What was shown may be seconds old, so the kernel is read again before anything changes. */
async function readGroups(
  machine: LiveMachine,
  selector: GroupChoice,
  slots: boolean,
  progress: Progress,
): Promise<Sockets> {
  // Reports a wrong pid or fd at once, before reading the slots takes seconds.
  const port =
    'pid' in selector ? (await identify(machine.kernel, selector.pid, selector.fd)).port : selector.port;
  const done = progress('reading slots and program ...');
  try {
    return await readSockets(machine, machine.arch, { port, slots, sampleSeconds: 0 });
  } finally {
    done();
  }
}

function theOnly<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('no group, and no reason');
  return one;
}
