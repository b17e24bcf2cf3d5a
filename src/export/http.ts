/**
 * The HTTP server: three paths and nothing else. It outlives whatever its clients do: each request and each connection has a
 * time limit, and if there are too many connections, the one that has been silent for longest is closed.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import { failure, isErrno } from '../system/errors.ts';
import { formatListen, type ListenAddress } from './address.ts';
import { acceptsGzip, formatFor } from './negotiate.ts';
import type { Lines } from './scrape.ts';
import { CONTENT_TYPES, type Format, textOf } from './text.ts';

const gzip = promisify(gzipWithCallback);

export interface Pages {
  /** One scrape. Rejects only with bugs. */
  collect(): Promise<Lines>;
  /** Why a scrape would not show this machine yet; null: it would. */
  notReady(): string | null;
}

export interface HttpLimits {
  readonly connections: number;
  /** Milliseconds for a whole request; and without any traffic, except between two scrapes. */
  readonly requestMs: number;
  readonly silentMs: number;
  /** Between two requests of a connection: longer than usual scrape intervals. */
  readonly idleMs: number;
  /** For the client to read a whole answer. */
  readonly answerMs: number;
}

export const LIMITS: HttpLimits = {
  connections: 128,
  requestMs: 5_000,
  silentMs: 10_000,
  idleMs: 75_000,
  answerMs: 30_000,
};

const MOST_HEADER_BYTES = 8_192;
const CHECK_MS = 1_000;

export interface HttpCounts {
  /** Status -> answers. */
  readonly requests: ReadonlyMap<number, number>;
  /** Reason -> connections. */
  readonly closed: ReadonlyMap<'crowded' | 'slow' | 'malformed', number>;
}

export class MetricsServer {
  readonly #pages: Pages;
  readonly #limits: HttpLimits;
  readonly #servers: Server[] = [];
  /** Is one being answered? Those that have been silent for longest come first. */
  readonly #sockets = new Map<Socket, 'new' | 'busy' | 'idle'>();
  readonly #requests = new Map<number, number>(STATUSES.map((status) => [status, 0]));
  readonly #closed = new Map<'crowded' | 'slow' | 'malformed', number>([
    ['crowded', 0],
    ['slow', 0],
    ['malformed', 0],
  ]);
  /** The scrape that is being collected, and its bodies. */
  #scrape: { readonly bodies: Map<string, Promise<Buffer>>; readonly lines: Promise<Lines> } | null = null;

  constructor(pages: Pages, limits: HttpLimits = LIMITS) {
    this.#pages = pages;
    this.#limits = limits;
  }

  get counts(): HttpCounts {
    return { requests: this.#requests, closed: this.#closed };
  }

  /** Resolves to the address, `127.0.0.1:9884`. Throws SystemError. @param at an address and port, or an open socket */
  async listen(
    at: { readonly host: string; readonly port: number } | { readonly fd: number },
  ): Promise<string> {
    const server = this.#createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject('host' in at ? refusedAddress(error, at) : error));
      server.listen(at, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', () => {});
    this.#servers.push(server);
    return addressText(server);
  }

  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const socket of this.#sockets.keys()) socket.destroy();
    await Promise.all(closed);
  }

  #createServer(): Server {
    const { requestMs, idleMs, silentMs } = this.#limits;
    const server = createServer(
      {
        requestTimeout: requestMs,
        headersTimeout: requestMs,
        keepAliveTimeout: idleMs,
        maxHeaderSize: MOST_HEADER_BYTES,
        connectionsCheckingInterval: CHECK_MS,
        noDelay: true,
      },
      (request, response) => void this.#answer(request, response),
    );
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.setTimeout(silentMs, (socket: Socket) => this.#silent(socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (socket.destroyed) return;
      const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
      const status = isLate ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
      this.#count(status);
      if (socket.writable)
        socket.write(
          `HTTP/1.1 ${status} ${REASONS[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
        );
      this.#end(socket, isLate ? 'slow' : 'malformed');
    });
    return server;
  }

  /** The newest connection is always taken: a thousand silent ones must not keep a scrape out. */
  #admit(socket: Socket): void {
    this.#sockets.set(socket, 'new');
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (this.#sockets.size <= this.#limits.connections) return;
    const all = [...this.#sockets];
    const [oldest] = all.find(([, state]) => state !== 'busy') ?? all[0] ?? [];
    if (oldest !== undefined) this.#end(oldest, 'crowded');
  }

  /** Between two requests that is no fault. */
  #silent(socket: Socket): void {
    if (this.#sockets.get(socket) === 'idle') socket.destroy();
    else this.#end(socket, 'slow');
  }

  #mark(socket: Socket, state: 'busy' | 'idle'): void {
    if (this.#sockets.delete(socket)) this.#sockets.set(socket, state);
  }

  #end(socket: Socket, reason: 'crowded' | 'slow' | 'malformed'): void {
    this.#sockets.delete(socket);
    if (socket.destroyed) return;
    this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1);
    socket.destroy();
  }

  #count(status: number): void {
    this.#requests.set(status, (this.#requests.get(status) ?? 0) + 1);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    this.#mark(socket, 'busy');
    const late = setTimeout(() => this.#end(socket, 'slow'), this.#limits.answerMs);
    response.on('close', () => {
      clearTimeout(late);
      this.#mark(socket, 'idle');
    });
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    try {
      await this.#page(request, response);
    } catch (error) {
      // A bug must not end the process that others scrape; it shows as a failed scrape.
      this.#send(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
    }
  }

  async #page(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics' && path !== '/-/healthy' && path !== '/-/ready')
      return this.#send(response, 404, 'there are /metrics, /-/healthy and /-/ready\n', true);
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return this.#send(response, 405, 'only GET and HEAD\n', true);
    }
    if (path === '/-/healthy') return this.#send(response, 200, 'healthy\n');
    if (path === '/-/ready') {
      const why = this.#pages.notReady();
      return this.#send(response, why === null ? 200 : 503, `${why ?? 'ready'}\n`);
    }
    const format = formatFor(headers.accept);
    const isZipped = acceptsGzip(headers['accept-encoding']?.toString());
    const body = await this.#body(format, isZipped);
    response.setHeader('Content-Type', CONTENT_TYPES[format]);
    response.setHeader('Vary', 'Accept, Accept-Encoding');
    if (isZipped) response.setHeader('Content-Encoding', 'gzip');
    this.#send(response, 200, body);
  }

  /** Requests that come while a scrape is collected share it: a crowd costs no more than one. */
  #body(format: Format, isZipped: boolean): Promise<Buffer> {
    this.#scrape ??= { bodies: new Map(), lines: this.#collect() };
    const { bodies, lines } = this.#scrape;
    const key = `${format} ${isZipped}`;
    const body =
      bodies.get(key) ??
      lines.then(async (all) => {
        const text = Buffer.from(textOf(all, format));
        return isZipped ? gzip(text, { level: 1 }) : text;
      });
    bodies.set(key, body);
    return body;
  }

  #collect(): Promise<Lines> {
    return this.#pages.collect().finally(() => {
      this.#scrape = null;
    });
  }

  /** @param ends the connection: its client does not want what there is */
  #send(response: ServerResponse, status: number, body: string | Buffer, ends = false): void {
    if (response.destroyed) return;
    this.#count(status);
    response.statusCode = status;
    if (ends) response.setHeader('Connection', 'close');
    if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.end(body);
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** All that it ever answers. */
const STATUSES: readonly number[] = [200, 400, 404, 405, 408, 431, 500, 503];

function addressText(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return address ?? '';
  return formatListen({ host: address.address, port: address.port });
}

/** The errors of bind(2) that a user can do something about. */
function refusedAddress(error: Error, at: ListenAddress): Error {
  const act = `--listen ${formatListen(at)}`;
  if (isErrno(error, 'EADDRINUSE'))
    return failure(
      'EADDRINUSE',
      `${act}: another process listens there`,
      'see `ss -ltnp`, or choose another port',
    );
  if (isErrno(error, 'EADDRNOTAVAIL'))
    return failure('EADDRNOTAVAIL', `${act}: no interface has this address`, 'see `ip address`');
  if (isErrno(error, 'EACCES'))
    return failure(
      'EACCES',
      `${act}: a port below 1024 needs CAP_NET_BIND_SERVICE`,
      'choose another port, or run as root',
    );
  return error;
}
