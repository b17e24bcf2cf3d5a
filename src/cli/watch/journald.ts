/** Priorities for journald, which reads them in front of each line (sd-daemon(3)). */
import { fstatSync } from 'node:fs';
import type { WatchEvent } from '../../watch/types.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** JOURNAL_STREAM is `device:inode` of what the unit's output is connected to (systemd.exec(5)). */
export function inJournal(environment: Environment): boolean {
  const { dev, ino } = fstatSync(1);
  return environment['JOURNAL_STREAM'] === `${dev}:${ino}`;
}

const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;

/** `<4>`. */
export function prefixed({ kind, action, to }: WatchEvent): string {
  if (action === 'failed' || action === 'given-up') return `<${PRIORITY.error}>`;
  if (action === 'repaired') return `<${PRIORITY.notice}>`;
  if (kind === 'finding') return `<${to === null ? PRIORITY.info : PRIORITY.warning}>`;
  const isNews = kind === 'link' || kind === 'group' || kind === 'generation';
  return `<${isNews ? PRIORITY.info : PRIORITY.warning}>`;
}
