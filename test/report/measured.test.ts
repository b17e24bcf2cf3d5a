import { describe, expect, it } from 'vitest';
import type { UdpSocket } from '../../src/measure/udp.ts';
import { acceptLines } from '../../src/report/accept.ts';
import { attachMeasuredLines } from '../../src/report/steer.ts';
import { paint } from '../../src/report/style.ts';
import type { Line } from '../../src/report/text.ts';
import { udpLines } from '../../src/report/udp.ts';

const style = { color: false, rules: false, unicode: true, columns: 100 };
const text = (lines: readonly Line[]) => lines.map((line) => paint(line, style));
const time = new Date(2026, 0, 1, 13, 37, 2);

describe('an interval of accepts', () => {
  const listeners = [
    { pid: 29333, comm: 'nginx', fd: 6, port: 8080, accepts: 1009, matched: 1008 },
    { pid: 4711, comm: null, fd: null, port: 80, accepts: 3, matched: 0 },
  ];
  const report = { time, seconds: 2, accepts: 1012, matched: 1008, percent: 99.6, listeners };

  it('is a headline and its listeners', () => {
    expect(text(acceptLines({ ...report, source: 'probe' }, style))).toEqual([
      '13:37:02  accept 99.6 %  1008 of 1012 accepts, 506 a second',
      '     pid  process  fd  port  accepts  on its rxcpu',
      '   29333  nginx     6  8080     1009          1008  99.9 %',
      '    4711  -         -    80        3             0   0.0 %',
    ]);
  });

  it('is of connections when it was sampled, which have no rate', () => {
    const [first, second] = text(acceptLines({ ...report, source: 'sample' }, style));
    expect(first).toBe('13:37:02  accept 99.6 %  1008 of 1012 connections');
    expect(second).toContain('connections  on its rxcpu');
  });

  it('has one line when nothing came, and never a screenful', () => {
    const nothing = { ...report, source: 'probe' as const, accepts: 0, matched: 0, percent: null };
    expect(text(acceptLines({ ...nothing, listeners: [] }, style))).toEqual([
      '13:37:02  accept -  0 of 0 accepts, 0 a second',
    ]);
    const many = Array.from({ length: 512 }, (_, pid) => ({ ...listeners[0], pid })) as typeof listeners;
    const lines = text(acceptLines({ ...nothing, listeners: many }, style));
    expect(lines.length).toBeLessThan(24);
    expect(lines.at(-1)).toBe('492 more: -j lists them');
  });
});

describe('an interval of datagrams', () => {
  const socket: UdpSocket = {
    pid: 29333,
    tid: 29340,
    comm: 'statsd',
    fd: 7,
    inode: 52341,
    port: 8125,
    packets: 2003,
    pps: 1002,
    local: 2000,
    percent: 99.9,
    pairs: [
      { cpu: 1, rxcpu: null, count: 1 },
      { cpu: 1, rxcpu: 0, count: 2 },
      { cpu: 1, rxcpu: 1, count: 2000 },
    ],
    recvQueue: 768,
    drops: 0,
  };
  const unknown = { packets: null, pps: null, local: null, percent: null, pairs: [] };

  it('has a row for each socket: who reads it, where, how much', () => {
    expect(text(udpLines({ time, seconds: 2, sockets: [socket], queues: null }, style))).toEqual([
      '13:37:02  udp 99.9 %  2000 of 2003 datagrams, 1002 a second',
      'port    pid  thread  process  fd  delivered on  read on  packets/s   local  queue  drops',
      '8125  29333   29340  statsd    7           0-1        1       1002  99.9 %    768      0',
    ]);
  });

  it('without a probe has dashes, and the active queues', () => {
    const queue = { nic: 'eth0', rxQueue: 0, packets: 2000, pps: 1000, interrupts: 31 };
    const queues = [queue, { ...queue, rxQueue: 1, packets: 0, pps: 0, interrupts: 0 }];
    expect(text(udpLines({ time, seconds: 2, sockets: [{ ...socket, ...unknown }], queues }, style))).toEqual(
      [
        '13:37:02  udp, not counted',
        'port    pid  thread  process  fd  delivered on  read on  packets/s  local  queue  drops',
        '8125  29333   29340  statsd    7             -        -          -      -    768      0',
        'nic   queue  packets/s  interrupts',
        'eth0   rx-0       1000          31',
      ],
    );
  });
});

describe('before and after', () => {
  it('stand in one table', () => {
    const before = { seconds: 2, events: 1009, local: 505, percent: 50 };
    const after = { seconds: 2, events: 2018, local: 2018, percent: 100 };
    expect(text(attachMeasuredLines({ before, after }, 'accepts', style))).toEqual([
      '',
      '                    before    after',
      '  local             50.0 %  100.0 %',
      '  accepts             1009     2018',
      '  accepts a second     505     1009',
    ]);
  });
});
