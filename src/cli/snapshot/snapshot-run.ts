/** `locality-tune snapshot`: reads the machine, or an older snapshot, and writes it to a file. */

import { randomBytes } from 'node:crypto';
import { clean } from '../../report/text.ts';
import { anonymize } from '../../snapshot/anonymize.ts';
import { takeSnapshot } from '../../snapshot/take.ts';
import type { Snapshot } from '../../snapshot/types.ts';
import { count } from '../../words/phrase.ts';
import { printableJson } from '../../words/printable.ts';
import { loadSnapshot, openSystem, readFrom } from '../host-source.ts';
import type { OutputOptions, SourceOptions } from '../options.ts';
import { save, say } from '../output.ts';

export interface SnapshotCommandOptions extends SourceOptions, OutputOptions {
  readonly slots: boolean;
  readonly anonymize?: true;
}

/** It contains addresses and process names. */
const OWNER_ONLY = 0o600;

export async function runSnapshot(options: SnapshotCommandOptions): Promise<void> {
  const taken = await take(options);
  const written = options.anonymize ? anonymize(taken, randomBytes(32)) : taken;
  const json = printableJson(JSON.stringify(written, null, options.pretty ? 2 : undefined));
  await save(`${json}\n`, options, OWNER_ONLY);
  if (options.output !== undefined) say(`${clean(`${options.output}: ${summary(written)}`, true)}\n`);
}

async function take(options: SnapshotCommandOptions): Promise<Snapshot> {
  if (options.from !== undefined) return loadSnapshot(options.from, options);
  const system = await openSystem(options);
  return takeSnapshot(system, await readFrom(system, options));
}

function summary({ host: { nics, groups } }: Snapshot): string {
  const unread = groups.filter(({ sockets }) => sockets.some(({ slot }) => slot === null)).length;
  const queues = nics.reduce((sum, { rxQueues }) => sum + rxQueues.length, 0);
  const slots = unread > 0 ? `, slots of ${unread} not known` : '';
  const interfaces = `${count(nics.length, 'interface')} with ${count(queues, 'rx queue')}`;
  return `${interfaces}, ${count(groups.length, 'reuseport group')}${slots}`;
}
