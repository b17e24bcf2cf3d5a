import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { interfaceNames, openPorts, processNames } from '../../src/host/names.ts';
import { openFiles } from '../../src/system/files.ts';

let proc = '';
beforeAll(() => {
  proc = mkdtempSync(join(tmpdir(), 'locality-tune-names-'));
  mkdirSync(join(proc, 'net'));
});
afterAll(() => rmSync(proc, { recursive: true }));

/** A line of /proc/net/{tcp,udp}. */
const line = (port: number, state: '0A' | '01' | '07', peer = 0, address = '00000000') => {
  const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0');
  return `   0: ${address}:${hex(port)} 00000000:${hex(peer)} ${state} 00000000:00000000 00:00000000 00000000     0        0 42 2 0 0\n`;
};
const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

it('lists ports with their groups, and reads no connection', () => {
  const listeners = line(443, '0A') + line(443, '0A') + line(80, '0A') + line(80, '0A', 0, '0100007F');
  // The kernel lists connections last. If they were read, this one would count as a listener.
  writeFileSync(join(proc, 'net/tcp'), HEAD + listeners + line(443, '01', 7) + line(9999, '0A'));
  writeFileSync(join(proc, 'net/udp'), HEAD + line(443, '07') + line(53, '07') + line(40_000, '01', 53));
  expect(openPorts(proc)).toEqual([
    { port: 53, protocols: ['udp'], sockets: 1 },
    { port: 80, protocols: ['tcp'], sockets: 1 },
    { port: 443, protocols: ['tcp', 'udp'], sockets: 2 },
  ]);
});

it('finds nothing where nothing can be read', () => {
  expect(openPorts('/none/such')).toEqual([]);
  expect(interfaceNames('/none/such')).toEqual([]);
});

it('lists the interfaces of a process', () => {
  expect(interfaceNames('/proc/self')).toContain('lo');
});

it('lists processes, but no kernel threads', async () => {
  const child = spawn('sleep', ['60']);
  try {
    const listed = processNames(openFiles('/'));
    expect(listed).toContainEqual({ pid: child.pid, comm: 'sleep' });
    expect(listed.filter(({ comm }) => comm.startsWith('kworker/'))).toEqual([]);
  } finally {
    child.kill();
  }
});
