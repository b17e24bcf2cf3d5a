/**
 * One load generator. On loopback a packet is received on the CPU that sent it, so the client's CPU plays the role of a
 * queue's CPU.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveOrders } from './child.ts';
import type { ClientOrders } from './messages.ts';

const HOST = '127.0.0.1';
/** Small enough for the smallest default receive buffer (212,992 bytes, about 250 datagrams with their overhead). */
const BURST = 32;

async function connectOnce(port: number): Promise<void> {
  const socket = connect({ host: HOST, port });
  socket.write('?');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  socket.resetAndDestroy();
  await closed;
}

serveOrders<ClientOrders>({
  async connect({ port, count }) {
    let connected = 0;
    for (; connected < count; connected++) await connectOnce(port);
    return { connected };
  },
  async send({ port, count }) {
    const socket = createSocket('udp4');
    socket.connect(port, HOST);
    await once(socket, 'connect');
    const payload = Buffer.alloc(64);
    let sent = 0;
    while (sent < count) {
      const burst = Math.min(BURST, count - sent);
      await Promise.all(
        Array.from({ length: burst }, () => new Promise<void>((done) => socket.send(payload, () => done()))),
      );
      sent += burst;
      await sleep(1);
    }
    socket.close();
    return { sent };
  },
});
