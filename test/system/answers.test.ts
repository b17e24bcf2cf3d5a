import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tcpAnswers, udpAnswers } from '../../src/system/answers.ts';

const ADDRESSES = ['127.0.0.1', '::1'] as const;
const LONG = 20_000;
const request = Buffer.from('request');

describe.each(ADDRESSES)('on %s', (address) => {
  let server: Server;
  let talks: Socket;
  let silent: Socket;
  const open = async (): Promise<Socket> => {
    const socket = createSocket(address === '::1' ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return socket;
  };
  const portOf = (of: Server | Socket): number => {
    const at = of.address();
    return typeof at === 'object' && at !== null ? at.port : 0;
  };
  const at = (of: Server | Socket) => ({ address, port: portOf(of) });

  beforeAll(async () => {
    server = createServer((socket) => socket.on('error', () => {}));
    server.listen(0, address);
    await once(server, 'listening');
    [talks, silent] = await Promise.all([open(), open()]);
    // Only to what was asked.
    talks.on('message', (message, { port }) => {
      if (message.equals(request)) talks.send('any answer', port, address);
    });
  });
  afterAll(() => {
    server.close();
    talks.close();
    silent.close();
  });

  it('a server that accepts, or sends a datagram, answers', async () => {
    expect(await tcpAnswers(at(server), LONG)).toBeNull();
    expect(await udpAnswers(at(talks), request, LONG)).toBeNull();
  });

  it('a port without a server refuses, of TCP and of UDP', async () => {
    const closed = await open();
    const place = at(closed);
    closed.close();
    await once(closed, 'close');
    expect(await tcpAnswers(place, LONG)).toBe('the connection was refused');
    expect(await udpAnswers(place, request, LONG)).toBe('the connection was refused');
  });

  it('a server that is silent, or answers something else only, does not', async () => {
    expect(await udpAnswers(at(silent), request, 50)).toBe('no answer within 0.05 s');
    expect(await udpAnswers(at(talks), Buffer.from('another'), 50)).toBe('no answer within 0.05 s');
  });
});
