import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toReads, toUdpSockets, type UdpFacts } from '../../src/measure/udp.ts';
import { countsOf } from './counts.ts';

const ANY = { pid: null, port: null, comm: null };
const comm = (pid: number) => `comm-${pid}`;
const fact = (inode: number, more: Partial<UdpFacts> = {}): UdpFacts => ({
  inode,
  port: 8125,
  recvQueue: 0,
  drops: 0,
  owners: [{ pid: 1, tid: inode, comm: 'statsd' }],
  holders: [{ pid: 1, fd: inode % 100 }],
  listed: true,
  ...more,
});

describe('datagrams of an interval', () => {
  it('are listed by socket: who reads, how much, where it was delivered and read', () => {
    const reads = toReads(countsOf({ reads: { '501,8125,1,11,2,0': 2003, '502,8125,1,12,2,1': 2003 } }));
    const before = new Map([
      [501, 5],
      [502, 0],
    ]);
    const sockets = toUdpSockets(
      reads,
      [fact(501, { drops: 7 }), fact(502), fact(503)],
      before,
      2,
      ANY,
      comm,
    );
    expect(sockets).toEqual([
      {
        pid: 1,
        tid: 11,
        comm: 'comm-1',
        fd: 1,
        inode: 501,
        port: 8125,
        packets: 2003,
        pps: 1002,
        local: 0,
        percent: 0,
        pairs: [{ cpu: 0, rxcpu: 1, count: 2003 }],
        recvQueue: 0,
        drops: 2,
      },
      expect.objectContaining({ inode: 502, tid: 12, local: 2003, percent: 100, drops: 0 }),
      expect.objectContaining({ inode: 503, tid: 503, packets: 0, pps: 0, percent: null, drops: null }),
    ]);
  });

  it('of several readers name none of them, and are judged only where the delivery was seen', () => {
    const reads = toReads(
      countsOf({ reads: { '501,53,1,11,0,0': 5, '501,53,1,12,1,0': 3, '501,53,1,12,2,0': 1 } }),
    );
    const [socket] = toUdpSockets(reads, [], new Map(), 1, ANY, comm);
    expect(socket).toMatchObject({
      pid: 1,
      tid: null,
      fd: null,
      port: 53,
      packets: 9,
      local: 3,
      percent: 75,
    });
    expect(socket?.pairs.map(({ rxcpu }) => rxcpu)).toEqual([null, 0, 1]);
    expect(socket).toMatchObject({ recvQueue: null, drops: null });
  });

  it('are null, not 0, if nothing counts them', () => {
    const [socket] = toUdpSockets(null, [fact(501, { recvQueue: 4096 })], new Map(), 1, ANY, comm);
    expect(socket).toMatchObject({ packets: null, pps: null, local: null, percent: null, recvQueue: 4096 });
  });

  it('silent sockets are listed for a port, if they lose datagrams, or for the requested process', () => {
    const facts = [fact(1, { listed: false }), fact(2, { listed: false, drops: 9 }), fact(3)];
    const inodes = (filter: object) =>
      toUdpSockets(new Map(), facts, new Map([[2, 8]]), 1, { ...ANY, ...filter }, comm).map(
        ({ inode }) => inode,
      );
    expect(inodes({})).toEqual([2, 3]);
    expect(inodes({ pid: 1, comm: 'statsd' })).toEqual([2, 3]);
    expect(inodes({ pid: 2 })).toEqual([]);
    expect(inodes({ comm: 'named' })).toEqual([]);
  });

  it('add up, whatever is counted', () => {
    const key = fc.tuple(fc.nat(5), fc.constant(53), fc.nat(3), fc.nat(3), fc.nat(4), fc.nat(3));
    fc.assert(
      fc.property(fc.dictionary(key.map(String), fc.integer({ min: 1, max: 1e6 })), (reads) => {
        const sockets = toUdpSockets(toReads(countsOf({ reads })), [], new Map(), 1, ANY, comm);
        const total = Object.values(reads).reduce((sum, count) => sum + count, 0);
        expect(sockets.reduce((sum, { packets }) => sum + (packets ?? 0), 0)).toBe(total);
        for (const { packets, local, pairs } of sockets) {
          expect(pairs.reduce((sum, { count }) => sum + count, 0)).toBe(packets);
          expect(local).toBeLessThanOrEqual(packets ?? 0);
        }
      }),
    );
  });
});
