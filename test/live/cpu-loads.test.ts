import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuLoads, parseSoftnet, parseStat, readCpuCounters } from '../../src/live/cpu-loads.ts';
import { openFiles } from '../../src/system/files.ts';

const STAT = `cpu  20 0 10 170 0 0 0 0 0 0
cpu0 10 0 5 80 5 0 20 0 0 0
cpu3 10 1 5 90 0 0 0 4 7 7
intr 1 2 3
`;
/** With the number of the CPU in the thirteenth column, as since Linux 5.10. */
const line = (packets: number, cpu: number) =>
  `${packets.toString(16).padStart(8, '0')} ${'00000000 '.repeat(11)}${cpu.toString(16).padStart(8, '0')} 00000000 00000000\n`;

describe('the load of CPUs', () => {
  it('is read from /proc/stat, offline CPUs left out', () => {
    expect([...parseStat(STAT)]).toEqual([
      [0, { all: 120, idle: 85, softirq: 20 }],
      [3, { all: 110, idle: 90, softirq: 0 }],
    ]);
  });

  it('names the CPU of each line of softnet_stat, or counts the online ones', () => {
    expect([...parseSoftnet(line(4096, 0) + line(7, 3), [0, 3])]).toEqual([
      [0, 4096],
      [3, 7],
    ]);
    expect([...parseSoftnet('00001000 00000000\n00000007 00000000\n', [0, 3])]).toEqual([
      [0, 4096],
      [3, 7],
    ]);
  });

  it('is a share of the interval; null for what is missing, and a packet counter may wrap', () => {
    const at = (all: number, idle: number, softirq: number, packets: number) => ({
      times: new Map([[0, { all, idle, softirq }]]),
      packets: new Map([[0, packets]]),
    });
    expect(cpuLoads(at(1000, 500, 10, 2 ** 32 - 100), at(1100, 525, 20, 100), [0, 1], 2)).toEqual([
      { cpu: 0, busy: 75, softirq: 10, pps: 100 },
      { cpu: 1, busy: null, softirq: null, pps: null },
    ]);
    expect(cpuLoads(at(1000, 500, 10, 0), at(1000, 500, 10, 0), [0], 1)[0]).toMatchObject({ busy: null });
  });

  it('is read of this machine, and of any text', () => {
    const { times, packets } = readCpuCounters(openFiles('/'), [0, 1]);
    expect([...times.keys()]).toEqual([...packets.keys()]);
    expect(times.get(0)?.all).toBeGreaterThan(times.get(0)?.idle ?? 0);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        parseStat(text);
        parseSoftnet(text, [0]);
      }),
    );
  });
});
