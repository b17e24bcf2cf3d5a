/** One worker of the built-in server: a TCP and a UDP socket of the reuseport groups, pinned to its CPU. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { encode } from '../cbpf/instruction.ts';
import { isErrno } from '../system/errors.ts';
import { openFiles } from '../system/files.ts';
import { attachCbpf, detachProgram, incomingCpu, localAddress, protocolOf } from '../system/sockets.ts';
import { serveOrders } from './child.ts';
import type { Bound, WorkerCounts, WorkerOrders } from './messages.ts';

const HOST = '127.0.0.1';
const NOTHING: WorkerCounts = { accepts: 0, matched: 0, datagrams: 0 };
let counts = { ...NOTHING };

serveOrders<WorkerOrders>({
  async listen({ tcpPort, udpPort }, cpu) {
    const server = createServer((socket) => accepted(socket, cpu));
    server.listen({ host: HOST, port: tcpPort, reusePort: true, backlog: 1024 });
    await once(server, 'listening');
    const datagrams = createSocket({ type: 'udp4', reusePort: true });
    datagrams.on('message', () => {
      counts.datagrams += 1;
    });
    datagrams.bind(udpPort, HOST);
    await once(datagrams, 'listening');
    return { tcp: ownSocket('tcp'), udp: ownSocket('udp') };
  },
  take() {
    const taken = counts;
    counts = { ...NOTHING };
    return taken;
  },
  setProgram({ fd, program }) {
    if (program === null) detachProgram(fd);
    else attachCbpf(fd, encode(program));
    return {};
  },
});

function accepted(socket: Socket, cpu: number): void {
  counts.accepts += 1;
  // Read before anything is sent: SO_INCOMING_CPU follows the connection's latest packet.
  if (incomingCpu(descriptorOf(socket)) === cpu) counts.matched += 1;
  // The client resets the connection; nothing here depends on how it ends.
  socket.on('error', () => {});
  socket.once('data', () => socket.end('.'));
}

/** Node has no public API for a connection's descriptor. */
function descriptorOf(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number') throw new Error('this Node does not show the descriptor of a socket');
  return fd;
}

/** The socket of this process that is bound to HOST, found as another process would find it. */
function ownSocket(protocol: 'tcp' | 'udp'): Bound {
  for (const fd of openFiles('/').list('/proc/self/fd').map(Number)) {
    try {
      const local = localAddress(fd);
      if (local?.address === HOST && protocolOf(fd) === protocol) return { port: local.port, fd };
    } catch (error) {
      // Pipes, files and the folder that was just read are not sockets.
      if (!isErrno(error, 'ENOTSOCK', 'EBADF')) throw error;
    }
  }
  throw new Error(`no ${protocol} socket on ${HOST}`);
}
