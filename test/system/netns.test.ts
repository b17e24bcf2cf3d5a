import { readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { enterNetns, netnsFile, netnsInode } from '../../src/system/netns.ts';

describe('network namespaces', () => {
  it('are known by inode and by process', () => {
    expect(readlinkSync('/proc/self/ns/net')).toBe(`net:[${netnsInode()}]`);
    expect(netnsFile(String(process.pid))).toEqual({
      path: `/proc/${process.pid}/ns/net`,
      pid: process.pid,
    });
  });

  it('are not entered when they are our own', () => {
    expect(enterNetns(`/proc/${process.pid}/ns/net`, 'own')).toBeUndefined();
  });

  it.each(['nosuchns', '..', '../netns', '', '0', '-1', '4194305', 'self', '1e3'])(
    'are not found by %j',
    (target) => {
      expect(netnsFile(target)).toBeNull();
    },
  );
});
