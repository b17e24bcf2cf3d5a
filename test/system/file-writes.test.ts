import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeWrite } from '../../src/system/file-writes.ts';
import { bytes } from './bytes.ts';

function record(mask: bigint, pid: number, ...texts: string[]): Uint8Array {
  const header = Buffer.alloc(32);
  header.writeBigUInt64LE(mask, 0);
  header.writeBigUInt64LE(22n, 8);
  header.writeBigUInt64LE(4711n, 16);
  header.writeInt32LE(pid, 24);
  const framed = texts.map((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text), 0);
    return Buffer.concat([length, Buffer.from(text)]);
  });
  return Buffer.concat([header, ...framed]);
}

describe('decodeWrite', () => {
  it('never throws', () => {
    fc.assert(
      fc.property(bytes, (garbage) => {
        const decoded = decodeWrite(garbage);
        expect(decoded === null).toBe(garbage.length < 32);
        if (decoded !== null) expect(decoded.by.pid).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('reads the file and the writer, whatever the writer calls itself', () => {
    const comm = fc.string({ maxLength: 15 }).filter((text) => !/[\0\n]/.test(text));
    fc.assert(
      fc.property(comm, fc.nat(1 << 22), fc.nat(1 << 22), (name, pid, parent) => {
        const stat = `${pid} (${name}) S ${parent} 1 1 0 -1 4194560`;
        const write = record(
          2n,
          pid + 1,
          `${name}\n`,
          'sh\0-x\0/opt/set.sh\0',
          '0::/system.slice/x.service\n',
          stat,
        );
        expect(decodeWrite(write)).toEqual({
          overflow: false,
          file: '22:4711',
          by: {
            pid: pid + 1,
            comm: name,
            command: ['sh', '-x', '/opt/set.sh'],
            cgroup: '0::/system.slice/x.service\n',
            parent,
          },
        });
      }),
    );
  });

  it('says nothing of a process that has ended', () => {
    expect(decodeWrite(record(2n, 7, '', '', '', ''))?.by).toEqual({
      pid: 7,
      comm: null,
      command: [],
      cgroup: '',
      parent: null,
    });
  });

  it('sees that events were dropped', () => {
    expect(decodeWrite(record(0x4000n, 0))?.overflow).toBe(true);
  });
});
