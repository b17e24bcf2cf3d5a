/**
 * What was known when a program was attached: who did it, and which workers the group had. Whether a program is
 * attached, and which, only the kernel knows. One file per group, so that no process waits for another.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Instruction } from '../cbpf/instruction.ts';
import type { Group } from '../host/types.ts';
import { errnoCode, isFailure } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { Netns } from '../system/netns.ts';
import { onFile, removeFile } from '../system/remove-file.ts';
import { saveDurably } from '../system/save.ts';
import { readTrusted, requireTrustedFolder } from '../system/trusted.ts';
import { type Author, parseAuthor } from './author.ts';
import { isFields, isNatural, isText, parseTarget } from './shape.ts';

export interface Attachment {
  readonly record: 'attachment';
  readonly version: 1;
  /** ISO 8601. */
  readonly time: string;
  readonly bootId: string;
  readonly netns: number;
  readonly netnsCookie: string | null;
  readonly group: string;
  readonly instructions: readonly Instruction[];
  readonly size: number;
  /** CPUs that each slot's worker could run on; null where that was not known. */
  readonly cpusOfSlot: readonly (readonly number[] | null)[];
  readonly by: Author | null;
}

/** Where and by whom. */
export interface Attacher {
  /** The folder of lock and journals. */
  readonly state: string;
  readonly bootId: string;
  readonly netns: Netns;
  readonly by: Author;
}

const MOST_BYTES = 16 * 1024 * 1024;
const NAME = /^[\da-f]{32}\.json$/;

const folderIn = (state: string): string => join(state, 'attached');

/** By a digest, because a group's name may contain that of an interface, which can be anything. */
function fileOf({ state, netns }: Pick<Attacher, 'state' | 'netns'>, group: string): string {
  const digest = createHash('sha256')
    .update(`${netns.cookie ?? netns.inode} ${group}`)
    .digest('hex');
  return join(folderIn(state), `${digest.slice(0, 32)}.json`);
}

/**
 * Notes what was just attached, or forgets it (null). Any user may attach to their own server. If it cannot be noted,
 * the program is attached anyway, so nothing is thrown for a folder that cannot be written.
 */
export function noteAttachment(
  attacher: Attacher,
  group: Group,
  program: readonly Instruction[] | null,
): void {
  const file = fileOf(attacher, group.id);
  try {
    if (program === null) {
      removeFile(file);
      return;
    }
    const folder = folderIn(attacher.state);
    makeFolder(folder, 0o700);
    requireTrustedFolder(folder);
    const attachment = attachmentOf(attacher, group, program);
    saveDurably(file, `${JSON.stringify(attachment)}\n`, 0o600);
    forgetOthers(attacher);
  } catch (error) {
    if (errnoCode(error) === null && !isFailure(error)) throw error;
  }
}

function attachmentOf(
  { bootId, netns, by }: Attacher,
  { id, size, sockets }: Group,
  instructions: readonly Instruction[],
): Attachment {
  const cpusOfSlot = Array.from({ length: size }, (_, slot) => {
    const member = sockets.find((each) => each.slot === slot && each.slotSource === 'kernel');
    return member === undefined || member.cpus.length === 0 ? null : member.cpus;
  });
  return {
    record: 'attachment',
    version: 1,
    time: new Date().toISOString(),
    bootId,
    netns: netns.inode,
    netnsCookie: netns.cookie,
    group: id,
    instructions,
    size,
    cpusOfSlot,
    by,
  };
}

/** A group that is not there any more. Throws as onFile does. */
export const forgetAttachment = (attacher: Pick<Attacher, 'state' | 'netns'>, group: string): void => {
  const file = fileOf(attacher, group);
  onFile('remove', file, () => removeFile(file));
};

/** No program survives a reboot. */
function forgetOthers({ state, bootId }: Attacher): void {
  for (const { path, attachment } of all(state))
    if (attachment !== null && attachment.bootId !== bootId) removeFile(path);
}

/** Of this boot and network namespace, by group. Empty where none can be read. */
export function readAttachments({
  state,
  bootId,
  netns,
}: Pick<Attacher, 'state' | 'bootId' | 'netns'>): ReadonlyMap<string, Attachment> {
  const here = all(state).flatMap(({ attachment }) => {
    if (attachment === null || attachment.bootId !== bootId || attachment.netns !== netns.inode) return [];
    const known = attachment.netnsCookie !== null && netns.cookie !== null;
    return known && attachment.netnsCookie !== netns.cookie ? [] : [attachment];
  });
  return new Map(here.map((attachment) => [attachment.group, attachment]));
}

function all(state: string) {
  const folder = folderIn(state);
  return namesIn(folder).map((name) => {
    const path = join(folder, name);
    return { path, attachment: read(path) };
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => NAME.test(name));
  } catch (error) {
    if (errnoCode(error) === null) throw error;
    return [];
  }
}

function read(path: string): Attachment | null {
  try {
    return parseAttachment(readTrusted(path, MOST_BYTES));
  } catch (error) {
    if (errnoCode(error) === null && !isFailure(error)) throw error;
    return null;
  }
}

/** null if it is none. Never throws. */
export function parseAttachment(text: string): Attachment | null {
  const value = parseJson(text);
  if (!isFields(value) || value['record'] !== 'attachment' || value['version'] !== 1) return null;
  const { time, bootId, netns, netnsCookie, group, size, cpusOfSlot } = value;
  const target = parseTarget({ kind: 'program', group, name: null, instructions: value['instructions'] });
  if (target?.kind !== 'program' || target.instructions === null) return null;
  if (!isText(time) || !isText(bootId) || !isNatural(netns, 2 ** 32 - 1) || !isNatural(size)) return null;
  if (!Array.isArray(cpusOfSlot) || !cpusOfSlot.every(isCpus)) return null;
  return {
    record: 'attachment',
    version: 1,
    time,
    bootId,
    netns,
    netnsCookie: isText(netnsCookie) ? netnsCookie : null,
    group: target.group,
    instructions: target.instructions,
    size,
    cpusOfSlot,
    by: parseAuthor(value['by']),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isCpus = (value: unknown): value is readonly number[] | null =>
  value === null || (Array.isArray(value) && value.every((cpu) => isNatural(cpu)));
