import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/system/kernel.ts';
import { encodeAttribute } from '../../src/system/netlink.ts';
import { decodeDiagSocket } from '../../src/system/sock-diag.ts';
import { bytes } from './bytes.ts';

/**
 * Sockets in states that Node can't be asked for: connections not accepted, datagrams not read, and some
 * dropped.
 */
const SERVER = `
import json, os, socket, sys
made = {}
def make(name, family, kind, address, only=None):
    s = socket.socket(family, kind)
    if only is not None: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    s.bind((address, 0))
    if kind == socket.SOCK_STREAM: s.listen(5)
    made[name] = (s, s.getsockname()[1], os.fstat(s.fileno()).st_ino)
    return s
TCP, UDP, V4, V6 = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
make('tcp4', V4, TCP, '127.0.0.1')
make('tcp6', V6, TCP, '::1', 0)
make('both', V6, TCP, '::', 0)
make('only', V6, TCP, '::', 1)
udp = make('udp4', V4, UDP, '127.0.0.1')
make('udp6', V6, UDP, '::1', 1)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
kept = []
for _ in range(2):
    c = socket.create_connection(('127.0.0.1', made['tcp4'][1])); kept.append(c)
connected = make('connected', V4, UDP, '127.0.0.1')
connected.connect(udp.getsockname())
for _ in range(50): connected.send(b'x' * 100)
told = {name: {'port': port, 'inode': inode} for name, (_, port, inode) in made.items()}
print(json.dumps(told), flush=True)
sys.stdin.read()
`;

describe('decodeDiagSocket', () => {
  it('never throws, and gives addresses only', () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 10, 0), fc.uint8Array({ maxLength: 200 }), (family, garbage) => {
        const socket = decodeDiagSocket('udp', Buffer.concat([Uint8Array.of(family), garbage]));
        expect(socket === null).toBe(family === 0 || garbage.length < 71);
        if (socket !== null)
          expect(socket.family === 4 ? isIPv4(socket.address) : isIPv6(socket.address)).toBe(true);
      }),
    );
    fc.assert(fc.property(bytes, (garbage) => decodeDiagSocket('tcp', garbage)?.protocol !== 'udp'));
  });

  it('reads every field from where the kernel puts it', () => {
    const u32 = fc.nat(0xffffffff);
    const u16 = fc.nat(0xffff);
    const fields = fc.tuple(u16, u16, u32, fc.bigInt(0n, 2n ** 64n - 1n), u32, u32, u32, u32, u32, fc.nat(1));
    fc.assert(
      fc.property(
        fields,
        ([port, peerPort, ifindex, cookie, recvQueue, sendQueue, uid, inode, drops, v6only]) => {
          const message = Buffer.alloc(72);
          message.writeUInt8(10, 0);
          message.writeUInt16BE(port, 4);
          message.writeUInt16BE(peerPort, 6);
          message.set([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 8);
          message.writeUInt32LE(ifindex, 40);
          message.writeBigUInt64LE(cookie, 44);
          for (const [i, value] of [recvQueue, sendQueue, uid, inode].entries())
            message.writeUInt32LE(value, 56 + 4 * i);
          const memory = Buffer.alloc(36);
          memory.writeUInt32LE(drops, 32);
          const attributes = [encodeAttribute(7, memory), encodeAttribute(11, Uint8Array.of(v6only))];
          expect(decodeDiagSocket('udp', Buffer.concat([message, ...attributes]))).toEqual({
            protocol: 'udp',
            family: 6,
            address: '2001:db8::1',
            port,
            peerAddress: '::',
            peerPort,
            ifindex,
            inode,
            cookie,
            uid,
            recvQueue,
            sendQueue,
            v6only: v6only === 1,
            drops,
          });
        },
      ),
    );
  });
});

describe('a dump of the live kernel', () => {
  let server: ChildProcess;
  let made: Record<string, { port: number; inode: number }>;

  beforeAll(async () => {
    server = spawn('python3', ['-c', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(server.stdout ?? server, 'data');
    made = JSON.parse(String(line));
  });
  afterAll(() => {
    server.kill('SIGKILL');
  });

  async function find(name: string) {
    const sockets = (await openKernel().sockets()).filter(({ inode }) => inode === made[name]?.inode);
    expect(sockets).toHaveLength(1);
    return { ...sockets[0], port: sockets[0]?.port === made[name]?.port };
  }

  it.each([
    [
      'tcp4',
      {
        protocol: 'tcp',
        family: 4,
        address: '127.0.0.1',
        v6only: null,
        recvQueue: 2,
        sendQueue: 5,
        peerPort: 0,
      },
    ],
    ['tcp6', { protocol: 'tcp', family: 6, address: '::1', v6only: true, recvQueue: 0, sendQueue: 5 }],
    ['both', { protocol: 'tcp', family: 6, address: '::', v6only: false, ifindex: 0, drops: 0 }],
    ['only', { protocol: 'tcp', family: 6, address: '::', v6only: true }],
    ['udp6', { protocol: 'udp', family: 6, address: '::1', v6only: true, recvQueue: 0, drops: 0 }],
  ])('shows %s', async (name, expected) => {
    expect(await find(name)).toMatchObject({ ...expected, port: true, uid: process.getuid?.() });
  });

  it('shows queue and drops of UDP as /proc/net/udp does', async () => {
    const socket = await find('udp4');
    const line = readFileSync('/proc/net/udp', 'utf8')
      .split('\n')
      .find((each) => each.includes(` ${made['udp4']?.inode} `));
    const columns = line?.trim().split(/\s+/) ?? [];
    expect(socket.recvQueue).toBe(Number.parseInt(columns[4]?.split(':')[1] ?? '', 16));
    expect(socket.recvQueue).toBeGreaterThan(0);
    expect(socket.drops).toBe(Number(columns[12]));
    expect(socket.drops).toBeGreaterThan(0);
  });

  it('shows the peer of a connected UDP socket', async () => {
    expect(await find('connected')).toMatchObject({ peerAddress: '127.0.0.1', peerPort: made['udp4']?.port });
  });
});
