/** Kernel threads that receive in place of the softirq: threaded NAPI. */
import type { Host } from '../host/types.ts';
import { queueNames, UNKNOWN } from '../words/phrase.ts';
import { setSeries } from './format.ts';
import type { Layout } from './inspection.ts';
import { type Column, more, table } from './table.ts';
import type { Line } from './text.ts';

const SHORT = 16;

const COLUMNS: readonly Column[] = [
  { head: 'kernel thread', align: 'left' },
  { head: 'receives for', align: 'left' },
  { head: 'on cpu', align: 'right' },
];

export function kernelThreadLines({ nics }: Host, layout: Layout): readonly Line[] {
  const rows = nics.flatMap(({ name, napiThreads }) =>
    (napiThreads ?? []).map(({ comm, pid, rx, cpus }) => [
      `${comm ?? UNKNOWN} ${pid}`,
      rx.length === 0 ? `${name}, queue not known` : `${name} ${queueNames('rx', rx)}`,
      setSeries([cpus]),
    ]),
  );
  if (rows.length === 0) return [];
  const shown = layout.all ? rows : rows.slice(0, SHORT);
  return [...table(COLUMNS, shown, layout), ...more(rows.length - shown.length, 'thread')];
}
