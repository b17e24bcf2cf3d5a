/** What the user names as input: a file, a pipe, a device, stdin. */
import { closeSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { type Failure, failure, isErrno } from './errors.ts';

const CHUNK = 1024 * 1024;
const PAUSE_MS = 10;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** linux/magic.h: where pipe(2) makes its pipes; mkfifo(3) makes them in a folder. */
const PIPEFS_MAGIC = 0x50495045;

/**
 * Opening a named pipe waits for a writer, perhaps for ever. The pipe of a shell's `<(command)` has one. Opening an
 * absent file says that it is absent. Throws Failure named-pipe, Node's SystemError.
 */
export function refuseNamedPipe(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() && statfsSync(path).type !== PIPEFS_MAGIC)
    throw failure(
      'named-pipe',
      'the file is a named pipe, and perhaps nobody ever writes to it',
      'read it from stdin: - < PIPE',
    );
}

/** Opens a file or a pipe that has a writer. Throws Failure named-pipe, Node's SystemError. */
export function openInput(path: string): number {
  refuseNamedPipe(path);
  return openSync(path, 'r');
}

/**
 * All of it, in pieces: a pipe has no size, and a device may never end. @param path `-` is stdin. @param tooLarge what to
 * throw for more than `most` bytes. Throws Failure named-pipe, Node's SystemError.
 */
export function readWhole(path: string, most: number, tooLarge: () => Failure): Buffer {
  const fd = path === '-' ? 0 : openInput(path);
  try {
    return readRest(fd, most, tooLarge);
  } finally {
    if (fd !== 0) closeSync(fd);
  }
}

/** The same for a descriptor, from where it is. @param expected bytes, one more than there should be */
export function readRest(fd: number, most: number, tooLarge: () => Failure, expected = CHUNK): Buffer {
  const pieces: Buffer[] = [];
  const size = Math.min(CHUNK, expected);
  for (let total = 0; ; ) {
    const piece = readFull(fd, Math.min(size, most + 1 - total));
    total += piece.length;
    if (total > most) throw tooLarge();
    pieces.push(piece);
    if (piece.length < size) return Buffer.concat(pieces, total);
  }
}

/** `size` bytes, less only at the end: a writer of single bytes must not make us keep a piece for each. */
function readFull(fd: number, size: number): Buffer {
  const piece = Buffer.allocUnsafe(size);
  for (let filled = 0; filled < size; ) {
    const bytes = readPiece(fd, piece.subarray(filled));
    if (bytes === 0) return piece.subarray(0, filled);
    filled += bytes;
  }
  return piece;
}

/** Bytes read, 0 at the end. Another process may have made our pipe non-blocking. */
export function readPiece(fd: number, into: Uint8Array): number {
  for (;;)
    try {
      return readSync(fd, into);
    } catch (error) {
      if (!isErrno(error, 'EAGAIN')) throw error;
      Atomics.wait(PAUSE, 0, 0, PAUSE_MS);
    }
}
