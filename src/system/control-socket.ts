/**
 * An AF_UNIX socket through which root controls a daemon: one JSON object per line, in each direction. Only its owner
 * can reach it, because its folder is closed to others.
 */
import { chmodSync, closeSync, constants, fstatSync, lstatSync, openSync, statSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { duringOperation, failure, isErrno, isFailure, isSystemError } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { native } from './native.ts';
import { removeFile } from './remove-file.ts';
import { requireTrustedFolder } from './trusted.ts';

/** flock(2) */
const LOCK_EX = 2;
const REQUEST_BYTES = 1 << 16;
const ANSWER_BYTES = 1 << 22;
const CONNECTIONS = 16;
const IDLE_MS = 10_000;
const FOR_OTHERS = 0o077;

/** May throw: a Failure or a SystemError is sent to the client, anything else as `bug`. */
export type Handler = (request: unknown) => unknown;

export interface ControlServer {
  /** Ends all connections, and removes the socket. */
  close(): Promise<void>;
}

/**
 * Serves `path`, in a folder that is created if it is missing. A socket that a killed process left there is replaced.
 * Throws Failure `busy` if another process serves it, `not-trusted` if others can reach the folder; SystemError.
 */
export async function serveControl(path: string, handler: Handler): Promise<ControlServer> {
  closedFolder(dirname(path));
  const release = lockFile(`${path}.lock`);
  try {
    // Nobody serves it, since nobody else has the lock.
    removeFile(path);
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      converse(socket, handler);
    });
    server.maxConnections = CONNECTIONS;
    await listening(server, path);
    chmodSync(path, 0o600);
    return {
      close: () =>
        new Promise((resolve) => {
          // Node removes the socket.
          server.close(() => {
            release();
            resolve();
          });
          for (const socket of sockets) socket.destroy();
        }),
    };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Makes the folder, or checks that only its owner can enter it. Throws Failure `not-trusted`, SystemError.
 */
export function closedFolder(folder: string): void {
  makeFolder(folder, 0o700);
  requireTrustedFolder(folder);
  if ((lstatSync(folder).mode & FOR_OTHERS) !== 0)
    throw failure('not-trusted', `${folder} is open to other users`, `chmod 0700 ${folder}`);
}

/**
 * A lock that ends with this process, however it ends. Returns a function that releases it and removes the file. Throws
 * Failure `busy`, SystemError.
 */
export function lockFile(path: string): () => void {
  for (;;) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      native().flock(fd, LOCK_EX);
    } catch (error) {
      closeSync(fd);
      if (!isErrno(error, 'EAGAIN')) throw error;
      throw failure('busy', `another process holds ${path}`, `see which: fuser ${path}`);
    }
    // Its holder may have removed it in the meantime: then others lock another file.
    if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) return releaseOf(path, fd);
    closeSync(fd);
  }
}

function releaseOf(path: string, fd: number): () => void {
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    removeFile(path);
    closeSync(fd);
  };
}

const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });

function converse(socket: Socket, handler: Handler): void {
  let answered = Promise.resolve();
  // The client may disconnect at any moment.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  readLines(socket, REQUEST_BYTES, (line) => {
    answered = answered.then(async () => {
      const answer = line === null ? TOO_LONG : await answerTo(line, handler);
      if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
      if (line === null) socket.end();
    });
  });
}

const TOO_LONG = {
  error: { code: 'too-large', message: `a request has more than ${REQUEST_BYTES} bytes`, hint: '' },
};

async function answerTo(line: string, handler: Handler): Promise<object> {
  let request: unknown;
  try {
    request = JSON.parse(line);
  } catch {
    return { error: { code: 'bad-request', message: 'the request is no JSON', hint: '' } };
  }
  try {
    return { answer: (await handler(request)) ?? null };
  } catch (error) {
    if (isFailure(error)) return { error: { code: error.code, message: error.message, hint: error.hint } };
    const code = isSystemError(error) ? error.code : 'bug';
    return { error: { code, message: error instanceof Error ? error.message : String(error), hint: '' } };
  }
}

/** Lines of at most `most` bytes; null once for a longer one, and nothing after it. */
function readLines(socket: Socket, most: number, onLine: (line: string | null) => void): void {
  let rest = Buffer.alloc(0);
  let isOver = false;
  socket.on('data', (chunk: Buffer) => {
    if (isOver) return;
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end >= 0 && end <= most; end = rest.indexOf(0x0a)) {
      onLine(rest.toString('utf8', 0, end));
      rest = rest.subarray(end + 1);
    }
    if (rest.length <= most) return;
    isOver = true;
    onLine(null);
  });
}

/**
 * Asks the process that serves `path`; resolves to its handler's answer. Throws Failure `not-running` if nobody serves it,
 * `silent` after `timeoutMs`, what the handler has thrown, `not-trusted`; SystemError.
 */
export async function askControl(path: string, request: unknown, timeoutMs = 5_000): Promise<unknown> {
  try {
    requireTrustedFolder(dirname(path));
  } catch (error) {
    throw isErrno(error, 'ENOENT') ? notRunning(path) : error;
  }
  const line = await exchange(path, `${JSON.stringify(request)}\n`, timeoutMs);
  const reply: unknown = JSON.parse(line);
  const error: unknown = Reflect.get(Object(reply), 'error');
  if (error === undefined) return Reflect.get(Object(reply), 'answer');
  const { code, message, hint } = Object(error);
  throw failure(String(code), String(message), String(hint));
}

function exchange(path: string, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path, () => socket.write(request));
    const end = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    const silent = setTimeout(
      () => end(failure('silent', `${path} does not answer`, 'is its process stopped?')),
      timeoutMs,
    );
    socket.on('error', (error) =>
      end(
        isErrno(error, 'ENOENT', 'ECONNREFUSED')
          ? notRunning(path)
          : duringOperation(error, `cannot reach ${path}`),
      ),
    );
    socket.on('close', () => {
      clearTimeout(silent);
      end(failure('silent', `${path} ended without an answer`, 'ask again'));
    });
    readLines(socket, ANSWER_BYTES, (line) => {
      if (line === null) end(failure('too-large', `the answer of ${path} is too long`, 'ask for less'));
      else resolve(line);
      socket.destroy();
    });
  });
}

const notRunning = (path: string) => failure('not-running', `nobody serves ${path}`, 'is it started?');
