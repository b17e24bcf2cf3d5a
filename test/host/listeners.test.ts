import { describe, expect, it } from 'vitest';
import { toListeners } from '../../src/host/listeners.ts';
import type { DiagSocket } from '../../src/system/types.ts';
import { diagSocket } from './diag-socket.ts';

const ids = (sockets: readonly DiagSocket[], port: number | null = null) =>
  toListeners(sockets, new Map([[3, 'eth1']]), port).map(({ id, sockets: members }) => [id, members.length]);

describe('what sockets are bound to', () => {
  it('joins what a reuseport group must share, and nothing else', () => {
    const any = diagSocket({ address: '0.0.0.0', port: 8080 });
    expect(
      ids([
        any,
        { ...any, inode: 2 },
        { ...any, inode: 3, address: '10.0.0.1' },
        { ...any, inode: 4, ifindex: 3 },
        { ...any, inode: 5, ifindex: 9 },
        { ...any, inode: 6, family: 6, address: '::', v6only: false },
        { ...any, inode: 7, protocol: 'udp' },
      ]),
    ).toEqual([
      ['tcp 0.0.0.0%eth1:8080', 1],
      ['tcp 0.0.0.0%if9:8080', 1],
      ['tcp 0.0.0.0:8080', 2],
      ['tcp 10.0.0.1:8080', 1],
      ['tcp [::]:8080', 1],
      ['udp 0.0.0.0:8080', 1],
    ]);
  });

  it('gives two groups at one address different names', () => {
    const v6 = diagSocket({ family: 6, address: '::', port: 53, protocol: 'udp', v6only: false });
    expect(ids([v6, { ...v6, inode: 2, v6only: true }, { ...v6, inode: 3, uid: 101 }])).toEqual([
      ['udp [::]:53 uid 0', 1],
      ['udp [::]:53 uid 101', 1],
      ['udp [::]:53 v6only uid 0', 1],
    ]);
  });

  it('keeps connected UDP sockets apart: they take no new flows', () => {
    const udp = diagSocket({ protocol: 'udp', port: 4000, inode: 1 });
    const connected = { ...udp, inode: 2, peerAddress: '10.0.0.9', peerPort: 53 };
    expect(toListeners([connected, udp], new Map(), null)).toMatchObject([
      { sockets: [{ inode: 1 }], connected: [{ inode: 2 }] },
    ]);
    expect(ids([connected])).toEqual([]);
  });

  it('leaves out other ports, and sockets without an inode', () => {
    const tcp = diagSocket({ port: 80 });
    expect(ids([tcp, { ...tcp, port: 81, inode: 2 }, { ...tcp, inode: 0 }], 80)).toEqual([
      ['tcp 127.0.0.1:80', 1],
    ]);
  });
});
