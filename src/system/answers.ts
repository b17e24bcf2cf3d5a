/** Does a server answer? Asked by a TCP connection or a datagram. Nothing is thrown: why not is a text. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { errnoCode } from './errors.ts';
import { isIP } from './ip.ts';

export interface Server {
  readonly address: string;
  readonly port: number;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'there is no route to it',
};

const wordsFor = (error: Error): string => {
  const code = errnoCode(error);
  return (code === null ? undefined : WORDS[code]) ?? error.message;
};

const silence = (timeoutMs: number): string => `no answer within ${timeoutMs / 1000} s`;

/** null: it accepts a connection, which is closed at once. */
export const tcpAnswers = ({ address, port }: Server, timeoutMs: number): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const timer = setTimeout(() => end(silence(timeoutMs)), timeoutMs);
    const end = (why: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end(null));
    // It may also fail after the end, which must not be thrown.
    socket.on('error', (error) => end(wordsFor(error)));
  });

/** null: it answers `request` with any datagram. */
export const udpAnswers = (
  { address, port }: Server,
  request: Uint8Array,
  timeoutMs: number,
): Promise<string | null> =>
  new Promise((resolve) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    const timer = setTimeout(() => end(silence(timeoutMs)), timeoutMs);
    let ended = false;
    const end = (why: string | null): void => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket.close();
      resolve(why);
    };
    socket.once('message', () => end(null));
    socket.on('error', (error) => end(wordsFor(error)));
    socket.connect(port, address, (error?: Error) => {
      if (ended) return;
      if (error) end(wordsFor(error));
      else socket.send(request, (sent) => sent && end(wordsFor(sent)));
    });
  });
