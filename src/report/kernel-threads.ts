/** Kernel threads that receive: those of threaded NAPI and of cpumap, and ksoftirqd where it had much to do. */
import type { Host } from '../host/types.ts';
import { queueNames, UNKNOWN } from '../words/phrase.ts';
import { setSeries } from './format.ts';
import type { Layout } from './inspection.ts';
import { type Column, more, table } from './table.ts';
import type { Line } from './text.ts';

const SHORT = 16;
/** Seconds of CPU time; below, a ksoftirqd only had a few busy moments. */
const BUSY = 60;

const COLUMNS: readonly Column[] = [
  { head: 'kernel thread', align: 'left' },
  { head: 'receives', align: 'left', give: 'cut' },
  { head: 'on cpu', align: 'right' },
];

export function kernelThreadLines(host: Host, layout: Layout): readonly Line[] {
  const rows = [...napiRows(host), ...boundRows(host)];
  if (rows.length === 0) return [];
  const shown = layout.all ? rows : rows.slice(0, SHORT);
  return [...table(COLUMNS, shown, layout), ...more(rows.length - shown.length, 'thread')];
}

const napiRows = ({ nics }: Host): string[][] =>
  nics.flatMap(({ name, napiThreads }) =>
    (napiThreads ?? []).map(({ comm, pid, rx, cpus }) => [
      `${comm ?? UNKNOWN} ${pid}`,
      rx.length === 0 ? `${name}, queue not known` : `${name} ${queueNames('rx', rx)}`,
      setSeries([cpus]),
    ]),
  );

const boundRows = ({ machine }: Host): string[][] =>
  (machine.kernelThreads ?? []).flatMap(({ kind, comm, pid, cpu, seconds }) => {
    if (kind === 'ksoftirqd' && (seconds ?? 0) < BUSY) return [];
    const what =
      kind === 'cpumap' ? 'what an XDP program sends to this CPU' : 'in place of softirqs that took too long';
    const time = seconds === null ? '' : `: ${Math.round(seconds)} s of CPU time`;
    return [[`${comm} ${pid}`, `${what}${time}`, String(cpu)]];
  });
