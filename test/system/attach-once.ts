/** Attaches one program to a group of its own, and takes it off: run as a child by kernel.test.ts. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { errnoCode } from '../../src/system/errors.ts';
import { attachCbpf, detachProgram } from '../../src/system/sockets.ts';

function detach(fd: number): string | null {
  try {
    detachProgram(fd);
    return 'detached';
  } catch (error) {
    return errnoCode(error);
  }
}

const server = createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true });
await once(server, 'listening');
const fd = Number(Reflect.get(Reflect.get(server, '_handle'), 'fd'));
const words = [detach(fd)];
// ret #0
attachCbpf(fd, Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0));
words.push('attached', detach(fd), detach(fd));
server.close();
console.log(words.join(' '));
