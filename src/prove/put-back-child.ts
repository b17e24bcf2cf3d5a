/** The child of put-back.ts: see there. Its stdin ends when its parent does. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { decode } from '../cbpf/instruction.ts';
import { type Failure, failure, isFailure } from '../system/errors.ts';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import { openAccess } from '../tune/access.ts';
import { listJournals } from '../tune/journal-file.ts';
import { takeLock } from '../tune/lock.ts';
import { undoOne } from '../tune/undo.ts';
import { heldPrograms } from './held-programs.ts';
import { DISMISSED, type PutBackJournal, type PutBackOrder, READY } from './put-back.ts';
import { type Handles, setThroughAny } from './restore-program.ts';
import { forgetRunning } from './running.ts';

/** Somebody who takes the lock first has begun to undo the same. */
const LOCK_ATTEMPTS = 60;
const BETWEEN_ATTEMPTS_MS = 500;

// Who ends a whole process group must not end it before it has done its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let order: PutBackOrder | null = null;
let journal: string | null = null;
let isDismissed = false;

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line === DISMISSED) isDismissed = true;
  else if (order !== null) journal = (JSON.parse(line) as PutBackJournal).journal;
  else {
    order = JSON.parse(line) as PutBackOrder;
    writeSync(1, `${READY}\n`);
  }
});
lines.once('close', async () => {
  if (order !== null && !isDismissed) await putBack(order, journal);
});

async function putBack({ state, programs, plan }: PutBackOrder, id: string | null): Promise<void> {
  const machine = { files: openFiles('/'), kernel: openKernel() };
  const release = await lock(state, machine.files);
  try {
    const journal = listJournals(state).find((each) => each.id === id);
    // Never begun, or undone already, also its programs.
    if (plan !== null && journal === undefined) return;
    const held = programs.map(({ group, inodes, members, original }) => {
      const own = members.map((member) => ({ ...member, cookie: BigInt(member.cookie) }));
      const handles: Handles = { group, inodes, members: own };
      return { handles, original: original === null ? null : decode(Buffer.from(original, 'base64')) };
    });
    // One that cannot be set must not keep the others, and the settings, from being put back.
    const failed = new Map<string, Failure>();
    for (const { handles, original } of held)
      await setThroughAny(machine, handles, original).catch((error: unknown) => {
        failed.set(handles.group.id, isFailure(error) ? error : failure('bug', String(error), 'undo it'));
      });
    if (plan === null || journal === undefined) return;
    // What they have now is what was just set.
    const access = openAccess(machine, plan.arch);
    const known = plan.groups.flatMap((group) => {
      const handles = held.find(({ handles }) => handles.group.id === group.id)?.handles;
      return handles === undefined ? [] : [{ group, handles }];
    });
    const now = heldPrograms(machine, known);
    const group = (id: string): ReturnType<typeof now.group> => {
      const error = failed.get(id);
      return error === undefined ? now.group(id) : Promise.reject(error);
    };
    await undoOne({ ...access, programs: { ...now, group } }, journal, UNASKED);
  } finally {
    forgetRunning(state);
    release();
  }
}

const UNASKED = { force: false, ask: async () => false };

/** Does without it in the end: the server must not keep a program that is only there for an experiment. */
async function lock(state: string, files: Parameters<typeof takeLock>[1]): Promise<() => void> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    try {
      return takeLock(state, files);
    } catch (error) {
      if (!isFailure(error)) throw error;
    }
    await sleep(BETWEEN_ATTEMPTS_MS);
  }
  return () => {};
}
