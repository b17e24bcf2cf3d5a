import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PutBackOrder } from '../../src/prove/put-back.ts';
import { programFile } from '../../src/system/package.ts';
import { attachCbpf, cookieOf, detachProgram, inodeOf } from '../../src/system/sockets.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

/** A group of one socket of this process. */
async function udpGroup(original: string | null) {
  const socket = createSocket({ type: 'udp4', reusePort: true });
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const fd: number = Reflect.get(Reflect.get(socket, '_handle') ?? socket, 'fd');
  const group = { id: `udp 127.0.0.1:${port}`, protocol: 'udp', port } as const;
  const [inode, cookie] = [inodeOf(fd), String(cookieOf(fd))];
  const members = [
    { pid: process.pid, fd, inode, cookie, protocol: 'udp' as const, address: '127.0.0.1', port },
  ];
  return { fd, program: { group, inodes: [inode], members, original } };
}

describe('the child that puts everything back', () => {
  beforeAll(assertBpfAnswers);

  it('sets the programs of all other groups if that of one cannot be set', async () => {
    // The kernel refuses a program without instructions.
    const [refused, other] = [await udpGroup(''), await udpGroup(null)];
    attachCbpf(other.fd, Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0));
    const order: PutBackOrder = {
      state: join(tmpdir(), 'locality-tune-none'),
      programs: [refused.program, other.program],
      plan: null,
    };
    const child = spawn(process.execPath, [programFile('prove/put-back-child')], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(`${JSON.stringify(order)}\n`);
    await once(child, 'exit');
    expect(() => detachProgram(other.fd)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
