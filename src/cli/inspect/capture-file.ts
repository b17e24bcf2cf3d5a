/** Reads a capture from a file or from stdin, piece by piece. */
import { closeSync } from 'node:fs';
import type { Pull } from '../../pcap/capture.ts';
import { openInput, readPiece } from '../../system/read-whole.ts';

const STDIN = 0;
const CHUNK = 1 << 18;

/** Throws the system call's error, Failure named-pipe. @param file `-` is stdin */
export function readCaptureFile<T>(file: string, read: (pull: Pull) => T): T {
  const fd = file === '-' ? STDIN : openInput(file);
  try {
    return read(pullFrom(fd));
  } finally {
    if (fd !== STDIN) closeSync(fd);
  }
}

/** A capture may be larger than memory. Chunks that were handed out are never written to again. */
function pullFrom(fd: number): Pull {
  let chunk = new Uint8Array();
  return (count) => {
    while (chunk.length < count) {
      const more = new Uint8Array(Math.max(CHUNK, count - chunk.length));
      const read = readPiece(fd, more);
      if (read === 0) break;
      const joined = new Uint8Array(chunk.length + read);
      joined.set(chunk);
      joined.set(more.subarray(0, read), chunk.length);
      chunk = joined;
    }
    const taken = chunk.subarray(0, count);
    chunk = chunk.subarray(count);
    return taken;
  };
}
