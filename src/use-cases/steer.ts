/** Attaches a program to reuseport groups of this machine, or detaches it. */
import { readSockets, type Sockets } from '../host/sockets.ts';
import type { Group } from '../host/types.ts';
import {
  type Attached,
  type AttachOptions,
  attach,
  checkAttach,
  type Detached,
  detach,
} from '../steer/attach.ts';
import { identify } from '../steer/member.ts';
import { type GroupChoice, selectGroups } from '../steer/select.ts';
import type { LiveMachine, Progress } from './machine.ts';

/** Throws Failure: everything of selectGroups and attach. */
export async function attachTo(
  machine: LiveMachine,
  selector: GroupChoice,
  options: AttachOptions,
  progress: Progress,
): Promise<Attached[]> {
  return attach(machine.kernel, await readGroups(machine, selector, true, progress), selector, options);
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
  const seen: Sockets = { groups: [group], lone: [], notes: [] };
  const selector = { group: group.id, port: group.port };
  return theOnly(await attach(kernel, seen, selector, { ...options, dryRun: true }));
}

/** Throws Failure: everything of selectGroups and detach. */
export async function detachFrom(
  machine: LiveMachine,
  selector: GroupChoice,
  options: { readonly force: boolean; readonly dryRun: boolean },
  progress: Progress,
): Promise<Detached[]> {
  return detach(machine.kernel, await readGroups(machine, selector, true, progress), selector, options);
}

/** Finds the one selected group without its slots, which take seconds to read. Throws Failure. */
export async function theGroup(
  machine: LiveMachine,
  selector: GroupChoice,
  progress: Progress,
): Promise<Group> {
  const seen = await readGroups(machine, selector, false, progress);
  return theOnly(await selectGroups(machine.kernel, seen, selector)).group;
}

/** What was shown may be seconds old, so the kernel is asked again before anything changes. */
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
