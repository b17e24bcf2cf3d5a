import { readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { enterNetns, netnsInode, netnsPath } from '../../src/system/netns.ts';

describe('network namespaces', () => {
  it('are known by inode and by process', () => {
    expect(readlinkSync('/proc/self/ns/net')).toBe(`net:[${netnsInode()}]`);
    expect(netnsPath(String(process.pid))).toBe(`/proc/${process.pid}/ns/net`);
  });

  it('are not entered when they are our own', () => {
    expect(enterNetns(String(process.pid))).toBeUndefined();
  });

  it.each(['nosuchns', '..', '../netns', '', '0', '-1', '4194305', 'self', '1e3'])('refuse %j', (target) => {
    expect(() => netnsPath(target)).toThrow(expect.objectContaining({ code: 'no-netns' }));
  });
});
