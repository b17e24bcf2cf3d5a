import { Agent, get, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpLimits, LIMITS, MetricsServer } from '../../src/export/http.ts';
import { type Lines, Scrape } from '../../src/export/scrape.ts';

let server: MetricsServer | null = null;
let port = 0;
let collected = 0;
const clients: Socket[] = [];

/** @param collect what a scrape waits for */
async function serve(
  limits: Partial<HttpLimits> = {},
  collect = async (): Promise<void> => {},
  why: string | null = null,
) {
  collected = 0;
  const pages = {
    collect: async (): Promise<Lines> => {
      collected += 1;
      const scrape = new Scrape();
      scrape.add('build_info', { version: String(collected) }, 1);
      await collect();
      return scrape.lines;
    },
    notReady: () => why,
  };
  server = new MetricsServer(pages, { ...LIMITS, ...limits });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  port = Number(address.split(':')[1]);
  return server;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server?.close();
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  agent = false as Agent | false,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request({ port, path, headers, method, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

/** A raw client; resolves when it is connected. */
function client(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    clients.push(socket);
    socket.on('error', reject);
  });
}

/** All that it gets until the server closes it. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const VERSION = /locality_tune_build_info\{version="(\d+)"\} 1\n/;

describe('the paths', () => {
  it('are metrics, health and readiness, by GET and HEAD', async () => {
    await serve();
    const scrape = await ask('/metrics?name=x');
    expect(scrape).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
    });
    expect(String(scrape.body)).toMatch(VERSION);
    const head = await ask('/metrics', {}, 'HEAD');
    expect(head.status).toBe(200);
    expect(Number(head.headers['content-length'])).toBe(scrape.body.length);
    expect(head.body.length).toBe(0);
    expect(await ask('/-/healthy')).toMatchObject({ status: 200 });
    expect(await ask('/-/ready')).toMatchObject({ status: 200 });
  });

  it.each(['/', '/metrics/', '/../metrics', '/metrics%00', '//metrics', '/favicon.ico', '/-/quit'])(
    'are no other: %s',
    async (path) => {
      await serve();
      expect(await ask(path)).toMatchObject({ status: 404, headers: { connection: 'close' } });
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])('refuse %s', async (method) => {
    await serve();
    expect(await ask('/metrics', {}, method)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(collected).toBe(0);
  });

  it('say when the machine has not been read yet', async () => {
    await serve({}, undefined, 'the machine has not been read yet');
    expect(await ask('/-/ready')).toMatchObject({ status: 503 });
    expect(await ask('/-/healthy')).toMatchObject({ status: 200 });
  });

  it('answer a client that would rather speak HTTP/2 as any other', async () => {
    await serve();
    const upgrade = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect(await ask('/metrics', upgrade)).toMatchObject({ status: 200 });
  });

  it('compress, and speak OpenMetrics, if the client wants that', async () => {
    await serve();
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
    const { headers, body } = await ask('/metrics', { accept, 'accept-encoding': 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-type']).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(String(gunzipSync(body))).toMatch(/# EOF\n$/);
  });
});

describe('a crowd', () => {
  it('shares one scrape, and the next one is a new one', async () => {
    const gate: { open: () => void } = { open: () => {} };
    await serve(
      { connections: 1_000 },
      () =>
        new Promise((resolve) => {
          gate.open = resolve;
        }),
    );
    const all = Array.from({ length: 50 }, (_, at) =>
      ask('/metrics', at % 2 === 0 ? { 'accept-encoding': 'gzip' } : {}),
    );
    while (collected === 0 || (server?.counts.requests.get(200) ?? 0) > 0) await sleep(5);
    // Turns of the event loop, which both ends share: in each, what was sent is read.
    for (let turn = 0; turn < 1_000; turn++) await nextTurn();
    gate.open();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(collected).toBe(1);
    const next = ask('/metrics');
    while (collected === 1) await sleep(5);
    gate.open();
    expect(VERSION.exec(String((await next).body))?.[1]).toBe('2');
  });

  it('of 1,000 silent connections does not keep a scrape out', async () => {
    const { counts } = await serve({ connections: 64, requestMs: 60_000, silentMs: 60_000 });
    for (let opened = 0; opened < 1_000; opened += 100)
      await Promise.all(Array.from({ length: 100 }, client));
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
    expect(counts.closed.get('crowded')).toBe(1_001 - 64);
    await expect.poll(() => clients.filter((socket) => !socket.closed).length).toBeLessThan(200);
  });

  it('takes a silent connection from the crowd before one that is being answered', async () => {
    const gate: { open: () => void } = { open: () => {} };
    await serve(
      { connections: 4 },
      () =>
        new Promise((resolve) => {
          gate.open = resolve;
        }),
    );
    const scrape = ask('/metrics');
    while (collected === 0) await sleep(5);
    await Promise.all(Array.from({ length: 20 }, client));
    gate.open();
    expect(await scrape).toMatchObject({ status: 200 });
  });
});

describe('a client that', () => {
  it('sends its request a byte at a time is cut off', async () => {
    const { counts } = await serve({ requestMs: 300 });
    const slow = await client();
    slow.on('error', () => {});
    const writing = setInterval(() => slow.write('G'), 50);
    const text = await untilClosed(slow);
    clearInterval(writing);
    expect(text).toMatch(/^$|^HTTP\/1\.1 (408|400) /);
    expect((counts.closed.get('slow') ?? 0) + (counts.closed.get('malformed') ?? 0)).toBe(1);
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
  });

  it('says nothing at all is cut off', async () => {
    const { counts } = await serve({ silentMs: 100 });
    await untilClosed(await client());
    expect(counts.closed.get('slow')).toBe(1);
  });

  it('never reads its answers is cut off, and costs nobody else anything', async () => {
    const { counts } = await serve({ silentMs: 60_000, answerMs: 300 });
    const deaf = await client();
    deaf.on('error', () => {});
    deaf.pause();
    // Answers that no socket buffer holds.
    deaf.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000));
    await sleep(50);
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
    while ((counts.closed.get('slow') ?? 0) === 0) await sleep(20);
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
  });

  it('goes away in the middle of a scrape costs nothing', async () => {
    const gate: { open: () => void } = { open: () => {} };
    await serve(
      {},
      () =>
        new Promise((resolve) => {
          gate.open = resolve;
        }),
    );
    const leaving = await client();
    leaving.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    while (collected === 0) await sleep(5);
    leaving.destroy();
    await sleep(50);
    gate.open();
    const again = ask('/metrics');
    while (collected === 1) await sleep(5);
    gate.open();
    expect(await again).toMatchObject({ status: 200 });
  });

  it.each([
    ['garbage', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0xfc, 0x03])],
    ['an unknown method', Buffer.from('BREW /metrics HTTP/1.1\r\n\r\n')],
    ['no host', Buffer.from('GET /metrics HTTP/1.1\r\n\r\n')],
    [
      'two lengths',
      Buffer.from('GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'),
    ],
    [
      'a length and chunks',
      Buffer.from(
        'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ),
    ],
    ['a header without end', Buffer.from(`GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}`)],
    ['a tunnel', Buffer.from('CONNECT 10.0.0.1:22 HTTP/1.1\r\nHost: 10.0.0.1:22\r\n\r\n')],
  ])('sends %s gets no metrics, and the next one does', async (_, bytes) => {
    await serve();
    const hostile = await client();
    hostile.on('error', () => {});
    hostile.write(bytes);
    expect(await untilClosed(hostile)).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
    expect(collected).toBe(0);
    expect(await ask('/metrics')).toMatchObject({ status: 200 });
  });

  it('keeps its connection between two scrapes', async () => {
    await serve();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (const _ of [1, 2, 3])
      await new Promise<void>((resolve, reject) => {
        get({ port, path: '/metrics', agent }, (response) => {
          ports.add(response.socket.localPort);
          response.resume().on('end', () => setImmediate(resolve));
        }).on('error', reject);
      });
    agent.destroy();
    expect(ports.size).toBe(1);
  });
});

it('survives a bug in a scrape, which shows as a failed one', async () => {
  let fails = true;
  await serve({}, async () => {
    if (fails) throw new Error('a bug');
  });
  expect(await ask('/metrics')).toMatchObject({ status: 500 });
  fails = false;
  expect(await ask('/metrics')).toMatchObject({ status: 200 });
});
