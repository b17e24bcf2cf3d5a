/** Makes the kernel ask for the MAC address of a neighbour. */
import { createSocket } from 'node:dgram';
import { isIP } from './ip.ts';

/** The discard port (RFC 863): a server there ignores what it receives. */
const DISCARD = 9;

/** Sends an empty datagram to it. What the network says to that does not matter. */
export const solicit = (address: string): Promise<void> =>
  new Promise((resolve) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    socket.on('error', () => {});
    socket.send(new Uint8Array(), DISCARD, address, () => {
      socket.close();
      resolve();
    });
  });
