/** The beginning of a long file of /proc. */
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The lines up to the first one that is not `wanted`, or up to `most` bytes; [] if the file cannot be read. The kernel
 * makes such a file while it is read, so what is not read costs nothing.
 */
export function leadingLines(path: string, wanted: (line: string) => boolean, most = 1 << 20): string[] {
  const lines: string[] = [];
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return lines;
  }
  try {
    const buffer = Buffer.alloc(1 << 14);
    for (let rest = '', left = most; left > 0; ) {
      const length = readSync(fd, buffer);
      if (length === 0) break;
      left -= length;
      const whole = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = whole.pop() ?? '';
      for (const line of whole) {
        if (!wanted(line)) return lines;
        lines.push(line);
      }
    }
    return lines;
  } catch {
    return lines;
  } finally {
    closeSync(fd);
  }
}
