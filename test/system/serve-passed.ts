/** Serves the first socket that was passed to it, connects to it, and prints what came of it. */
import { type AddressInfo, connect, createServer } from 'node:net';
import { passedSockets } from '../../src/system/service-manager.ts';

const sockets = passedSockets(process.env, process.pid);
const server = createServer((socket) => {
  socket.end('hello');
  server.close();
});
server.listen({ fd: sockets[0]?.fd }, () => {
  const { port } = server.address() as AddressInfo;
  connect(port, '127.0.0.1').on('data', (data) => {
    console.log(JSON.stringify({ sockets, heard: data.toString() }));
  });
});
