/** The counters of a round in the kernel's text files. Pure; no text makes them throw. */

export interface ThreadTimes {
  /** Nanoseconds on a CPU, and ready but waiting for one. */
  readonly cpu: number;
  readonly wait: number;
  /** How often it was put on a CPU. */
  readonly runs: number;
}

/** /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst). null without CONFIG_SCHED_INFO. */
export function parseSchedstat(text: string): ThreadTimes | null {
  const [, cpu, wait, runs] = /^(\d+) (\d+) (\d+)\s*$/.exec(text) ?? [];
  return cpu === undefined ? null : { cpu: Number(cpu), wait: Number(wait), runs: Number(runs) };
}

/** All CPUs together, in USER_HZ: idle is exact in the kernel, the other columns are sampled at ticks. */
export interface IdleTimes {
  readonly cpus: number;
  /** With iowait. */
  readonly idle: number;
  /** Taken by the hypervisor. */
  readonly steal: number;
}

/** /proc/stat (proc_stat(5)); null without a line for each CPU. */
export function parseIdle(text: string): IdleTimes | null {
  const lines = [...text.matchAll(/^cpu\d+ ([\d ]+)$/gm)].map(([, rest = '']) => rest.split(' ').map(Number));
  if (lines.length === 0) return null;
  const sum = (...columns: readonly number[]) =>
    lines.reduce((all, line) => all + columns.reduce((part, at) => part + (line[at] ?? 0), 0), 0);
  return { cpus: lines.length, idle: sum(3, 4), steal: sum(7) };
}

/** x86 names them; arm64 and riscv number them, and say in the text which these two are. */
const IPI_ROWS = /^\s*(?:RES|CAL|IPI\d+):((?:\s+\d+)+)(.*)$/gm;

/**
 * Interrupts that one CPU sends another to schedule, or to call a function there, from /proc/interrupts. null: no such
 * row. The kernel uses both kinds to wake a thread elsewhere.
 */
export function parseIpis(text: string): number | null {
  const rows = [...text.matchAll(IPI_ROWS)].filter(([row, , what = '']) =>
    /^\s*IPI/.test(row) ? /Rescheduling|Function call/i.test(what) : true,
  );
  if (rows.length === 0) return null;
  return rows
    .flatMap(([, counts = '']) => counts.trim().split(/\s+/))
    .reduce((sum, each) => sum + Number(each), 0);
}

/**
 * A counter of /proc/net/snmp or /proc/net/netstat, whose lines come in pairs: names, then values. null: there is none.
 * @param group `Tcp`
 */
export function parseSnmp(text: string, group: string, name: string): number | null {
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  const value = values?.[names?.indexOf(name) ?? -1];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

/** A counter of /proc/net/snmp6, one on a line. */
export function parseSnmp6(text: string, name: string): number | null {
  const line = text.split('\n').find((each) => each.split(/\s+/)[0] === name);
  const value = line?.split(/\s+/)[1];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

/**
 * Does the kernel keep the time of interrupts out of the tasks that they interrupt (CONFIG_IRQ_TIME_ACCOUNTING)? By
 * /proc/kallsyms; null if it is empty.
 */
export const accountsIrqTime = (text: string): boolean | null =>
  text === '' ? null : /^[\da-f]+ \w irqtime_account_irq$/m.test(text);

/** All that a text contains, besides blanks: a number in decimal, such as `12.5` or `1e-3`. null: it is something else. */
export function parseNumber(text: string): number | null {
  const value = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}
