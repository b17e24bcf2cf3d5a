/** What each CPU does, from /proc/stat and /proc/net/softnet_stat. */
import { percentOf } from '../measure/percent.ts';
import type { Files } from '../system/types.ts';
import type { CpuLoad } from './types.ts';

/** Sums since boot. */
export interface CpuTimes {
  /** USER_HZ: all, idle (with iowait), and softirq. guest is part of user. */
  readonly all: number;
  readonly idle: number;
  readonly softirq: number;
}

/** By CPU. */
export interface CpuCounters {
  readonly times: ReadonlyMap<number, CpuTimes>;
  /** Packets that softirqs have received: net/core/net-procfs.c, the first column. */
  readonly packets: ReadonlyMap<number, number>;
}

/** @param cpus those that are online */
export function readCpuCounters(files: Files, cpus: readonly number[]): CpuCounters {
  return {
    times: parseStat(files.text('/proc/stat') ?? ''),
    packets: parseSoftnet(files.text('/proc/net/softnet_stat') ?? '', cpus),
  };
}

/** proc_stat(5): user nice system idle iowait irq softirq steal. Never throws. */
export function parseStat(text: string): Map<number, CpuTimes> {
  const times = new Map<number, CpuTimes>();
  for (const [, cpu, rest = ''] of text.matchAll(/^cpu(\d+) ([\d ]+)$/gm)) {
    const fields = rest.split(' ').slice(0, 8).map(Number);
    const [, , , idle = 0, iowait = 0, , softirq = 0] = fields;
    times.set(Number(cpu), {
      all: fields.reduce((sum, each) => sum + each, 0),
      idle: idle + iowait,
      softirq,
    });
  }
  return times;
}

/** The thirteenth column names the CPU since 5.10; before, there is one line for each online CPU. Never throws. */
export function parseSoftnet(text: string, cpus: readonly number[]): Map<number, number> {
  const lines = text.split('\n').filter((line) => /^[\da-f]{8}( |$)/.test(line));
  return new Map(
    lines.flatMap((line, at) => {
      const fields = line.trim().split(/\s+/);
      const cpu = fields[12] === undefined ? cpus[at] : Number.parseInt(fields[12], 16);
      return cpu === undefined || Number.isNaN(cpu)
        ? []
        : [[cpu, Number.parseInt(fields[0] ?? '', 16)] as const];
    }),
  );
}

/** The packet counter has 32 bits. */
const WRAP = 2 ** 32;

/** null where a counter is missing or went backwards. */
export function cpuLoads(
  before: CpuCounters,
  after: CpuCounters,
  cpus: readonly number[],
  seconds: number,
): CpuLoad[] {
  return cpus.map((cpu) => {
    const [was, is] = [before.times.get(cpu), after.times.get(cpu)];
    const all = was === undefined || is === undefined ? 0 : is.all - was.all;
    const share = (part: number) => percentOf(Math.min(all, Math.max(0, part)), Math.max(0, all));
    const idle = (is?.idle ?? 0) - (was?.idle ?? 0);
    const [then, now] = [before.packets.get(cpu), after.packets.get(cpu)];
    const packets = then === undefined || now === undefined ? null : (now - then + WRAP) % WRAP;
    return {
      cpu,
      busy: share(all - idle),
      softirq: share((is?.softirq ?? 0) - (was?.softirq ?? 0)),
      pps: packets === null || seconds <= 0 ? null : Math.round(packets / seconds),
    };
  });
}
