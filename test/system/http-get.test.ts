import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { httpGet } from '../../src/system/http-get.ts';

const LIMITS = { headers: {}, timeoutMs: 5_000, mostBytes: 1 << 20 };
const servers: { close(): unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`);
}

describe('an HTTP GET', () => {
  it('sends headers, and a name and a password as basic authentication', async () => {
    const url = await serve(({ headers }, answer) =>
      answer.end(`${headers['x-scope-orgid']} ${headers.authorization}`),
    );
    url.username = 'a';
    url.password = 'b:é';
    const { status, body } = await httpGet(url, { ...LIMITS, headers: { 'X-Scope-OrgID': 'team' } });
    expect([status, body]).toEqual([200, `team Basic ${Buffer.from('a:b:é').toString('base64')}`]);
    url.password = '50%off';
    expect((await httpGet(url, LIMITS)).body).toBe(
      `undefined Basic ${Buffer.from('a:50%off').toString('base64')}`,
    );
  });

  it('returns an error status as an answer', async () => {
    const url = await serve((_, answer) => answer.writeHead(422).end('bad'));
    expect(await httpGet(url, LIMITS)).toEqual({ status: 422, body: 'bad' });
  });

  it('ends when the answer is too large, or never complete', async () => {
    const endless = await serve((_, answer) => {
      const more = () =>
        answer.write('x'.repeat(65_536), (error) => (error ? undefined : setImmediate(more)));
      more();
    });
    await expect(httpGet(endless, LIMITS)).rejects.toMatchObject({ code: 'too-large' });
    const silent = await serve((_, answer) => void answer.write('x'));
    await expect(httpGet(silent, { ...LIMITS, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'http-timeout',
    });
  });

  it('says why it failed', async () => {
    const closed = await serve(() => {});
    for (const server of servers.splice(0)) server.close();
    await expect(httpGet(closed, LIMITS)).rejects.toMatchObject({
      code: 'http-failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const garbage = createTcpServer((socket) => socket.end('SSH-2.0-x\r\n')).listen(0, '127.0.0.1');
    servers.push(garbage);
    await once(garbage, 'listening');
    const url = new URL(`http://127.0.0.1:${(garbage.address() as AddressInfo).port}/`);
    await expect(httpGet(url, LIMITS)).rejects.toMatchObject({ code: 'http-failed' });
  });
});
