import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEpoll } from '../../src/host/epoll.ts';

const nginx = `pos:\t0
flags:\t02000002
mnt_id:\t15
ino:\t1057
tfd:        7 events:     2019 data:     7f2a58b7e010  pos:0 ino:ac6f sdev:8
tfd:       10 events:     2019 data:     7f2a58b7e1d0  pos:0 ino:4210 sdev:e
`;

describe('fdinfo of an epoll descriptor', () => {
  it('reads inodes as the hexadecimal numbers that they are', () => {
    expect(parseEpoll(nginx)).toEqual([
      { fd: 7, inode: 0xac6f },
      { fd: 10, inode: 0x4210 },
    ]);
  });

  it('reads back what the kernel formats (fs/eventpoll.c, ep_show_fdinfo)', () => {
    const target = fc.record({ fd: fc.nat(2 ** 20), inode: fc.nat(2 ** 32 - 1) });
    fc.assert(
      fc.property(fc.array(target), fc.nat(), fc.bigInt(0n, 2n ** 64n - 1n), (targets, events, data) => {
        const lines = targets.map(
          ({ fd, inode }) =>
            `tfd: ${String(fd).padStart(8)} events: ${events.toString(16).padStart(8)}` +
            ` data: ${data.toString(16).padStart(16)}  pos:0 ino:${inode.toString(16)} sdev:8\n`,
        );
        expect(parseEpoll(`pos:\t0\nflags:\t02\n${lines.join('')}`)).toEqual(targets);
      }),
    );
  });

  it('takes any text', () => {
    const torn = fc.nat(nginx.length).map((end) => nginx.slice(0, end));
    fc.assert(fc.property(fc.oneof(fc.string(), torn), (text) => Array.isArray(parseEpoll(text))));
  });
});
