import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProcNet } from '../../src/host/proc-net.ts';

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 44063 1 0000000066ea1b10 100 0 0 10 0
   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 02:000A7214 00000000    33        0 44064 1 0000000066ea1b11 20 4 30 10 -1
`;
const udp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  815: B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 07 00000000:00000340 00:00000000 00000000   101        0 51201 2 0000000000000000 17
`;

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');

describe('/proc/net', () => {
  it('has the listeners of TCP only, with what waits for accept', () => {
    expect(parseProcNet('tcp', 4, tcp)).toEqual([
      {
        protocol: 'tcp',
        family: 4,
        address: '127.0.0.1',
        port: 8080,
        peerAddress: '0.0.0.0',
        peerPort: 0,
        ifindex: 0,
        inode: 44063,
        cookie: 0n,
        uid: 33,
        recvQueue: 3,
        sendQueue: 0,
        v6only: null,
        drops: null,
      },
    ]);
  });

  it('has UDP with its drops', () => {
    expect(parseProcNet('udp', 6, udp6)).toMatchObject([
      {
        address: '2001:db8::1',
        port: 53,
        peerAddress: '::',
        uid: 101,
        inode: 51201,
        recvQueue: 832,
        drops: 17,
      },
    ]);
  });

  it('reads back what the kernel formats (net/ipv4/udp.c, udp4_format_sock)', () => {
    const socket = fc.record({
      bytes: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)),
      port: fc.nat(65535),
      recvQueue: fc.nat(2 ** 31),
      uid: fc.nat(),
      inode: fc.nat(),
      drops: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(socket), (sockets) => {
        const lines = sockets.map(
          ({ bytes, port, recvQueue, uid, inode, drops }, index) =>
            `${String(index).padStart(5)}: ${[...bytes]
              .reverse()
              .map((byte) => hex(byte, 2))
              .join('')}:${hex(port, 4)}` +
            ` 00000000:0000 07 00000000:${hex(recvQueue, 8)} 00:00000000 00000000` +
            ` ${String(uid).padStart(5)} ${String(0).padStart(8)} ${inode} 2 0000000000000000 ${drops}  \n`,
        );
        const read = parseProcNet('udp', 4, `  sl  local_address …\n${lines.join('')}`);
        expect(read).toMatchObject(
          sockets.map(({ bytes, ...rest }) => ({ address: bytes.join('.'), ...rest })),
        );
      }),
    );
  });

  it('takes any text, and this machine’s', () => {
    const torn = fc.nat(udp6.length).map((end) => udp6.slice(0, end));
    fc.assert(
      fc.property(fc.oneof(fc.string(), torn), (text) => Array.isArray(parseProcNet('udp', 6, text))),
    );
    const udp = readFileSync('/proc/net/udp', 'utf8');
    expect(parseProcNet('udp', 4, udp)).toHaveLength(udp.trimEnd().split('\n').length - 1);
  });
});
