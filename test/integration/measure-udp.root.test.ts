import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueueRate } from '../../src/measure/queue-rates.ts';
import type { UdpSocket } from '../../src/measure/udp.ts';
import { type Served, startWorkload } from '../measure/workload.ts';
import { assertBpfAnswers } from './bpf.ts';
import { withoutBpftrace } from './instead.ts';
import { startLive } from './live.ts';

interface Document {
  readonly schema: string;
  readonly seconds: number;
  readonly coverage: string;
  readonly sockets: readonly UdpSocket[];
  readonly queues: readonly QueueRate[] | null;
  readonly notes: readonly string[];
}

const workload = startWorkload();
let served: Served;

beforeAll(async () => {
  await assertBpfAnswers();
  // Two sockets, both read on CPU 0, so it does not matter which one the hash picks.
  served = await workload.serveUdp([0, 0]);
});
afterAll(workload.stop);

describe('measure udp', () => {
  it('counts every datagram once, by socket, and those read on the CPU that delivered them', async () => {
    const live = startLive(['measure', 'udp', '-j', '-i', '0.5', '--port', String(served.port)]);
    const silent = await live.document<Document>();
    expect(silent).toMatchObject({ schema: 'locality-tune.udp/1', queues: null });
    const sockets = served.workers.map(({ pid, fd, inode }) => ({
      pid,
      tid: pid,
      fd,
      inode,
      port: served.port,
    }));
    expect(silent.sockets).toEqual(
      sockets.map((socket) =>
        expect.objectContaining({ ...socket, comm: 'python3', packets: 0, percent: null }),
      ),
    );

    const sum = (documents: readonly Document[], of: (socket: UdpSocket) => number | null) =>
      documents
        .flatMap((document) => document.sockets)
        .reduce((total, socket) => total + (of(socket) ?? 0), 0);
    const all = async (count: number) => {
      const seen: Document[] = [];
      while (sum(seen, ({ packets }) => packets) < count) seen.push(await live.document<Document>());
      return seen;
    };
    await workload.send(1, served.port, 2_003);
    const far = await all(2_003);
    await workload.send(0, served.port, 2_003);
    const near = await all(2_003);
    expect([sum(far, ({ packets }) => packets), sum(far, ({ local }) => local)]).toEqual([2_003, 0]);
    expect([sum(near, ({ packets }) => packets), sum(near, ({ local }) => local)]).toEqual([2_003, 2_003]);

    // One source is one hash: one socket has it all, and says where it came in and who read it.
    const busy = near.flatMap((document) => document.sockets).filter(({ packets }) => (packets ?? 0) > 0);
    expect(new Set(busy.map(({ inode }) => inode)).size).toBe(1);
    const [reader] = busy;
    expect(sockets).toContainEqual({
      pid: reader?.pid,
      tid: reader?.tid,
      fd: reader?.fd,
      inode: reader?.inode,
      port: reader?.port,
    });
    expect(reader).toMatchObject({ percent: 100, pairs: [{ cpu: 0, rxcpu: 0 }], recvQueue: 0, drops: 0 });
    expect(await live.interrupt()).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows only the kernel’s own counters if bpftrace is missing', async () => {
    const live = startLive(
      ['measure', 'udp', '-j', '-i', '0.2', '--port', String(served.port)],
      withoutBpftrace,
    );
    const { sockets, queues, coverage, notes } = await live.document<Document>();
    expect(await live.interrupt()).toMatchObject({ code: 0, stderr: '' });
    expect(coverage).toBe('counters');
    expect(sockets.map(({ inode }) => inode)).toEqual(served.workers.map(({ inode }) => inode));
    for (const socket of sockets)
      expect(socket).toMatchObject({
        packets: null,
        pps: null,
        local: null,
        percent: null,
        recvQueue: 0,
        drops: 0,
      });
    expect(queues).toBeInstanceOf(Array);
    expect(notes[0]).toMatch(/^not measured: bpftrace is not installed/);
  });
});
