import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { programFile } from '../../src/system/package.ts';

const HIDDEN =
  'for each in /sys/kernel/tracing /sys/kernel/debug; do umount -R "$each" 2>/dev/null; done; exec "$@"';

it('mounts tracefs for a program if it is missing, and for nobody else', () => {
  const before = readFileSync('/proc/self/mounts', 'utf8');
  const list = ['/bin/ls', '/sys/kernel/tracing/events'];
  const without = ['unshare', '--mount', 'sh', '-c', HIDDEN, 'sh'];
  const [command = '', ...rest] = [...without, process.execPath, programFile('system/with-tracefs'), ...list];
  expect(execFileSync(command, rest, { encoding: 'utf8' })).toContain('syscalls\n');
  expect(spawnSync(command, [...without.slice(1), ...list]).status).toBe(2);
  expect(readFileSync('/proc/self/mounts', 'utf8')).toBe(before);
});

it('says what it could not mount, and does not start the program', () => {
  const unprivileged = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const args = [...unprivileged, programFile('system/with-tracefs'), '/bin/echo', 'started'];
  const { status, stdout, stderr } = spawnSync('setpriv', args, { encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toBe('ERROR: tracefs on /sys/kernel/tracing: unshare: EPERM, operation not permitted\n');
  expect(existsSync('/sys/kernel')).toBe(true);
});
