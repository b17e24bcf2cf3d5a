// Keeps what the program prints with --json, for printed.ts to compare with the schemas.
const fs = require('node:fs');
const { join } = require('node:path');

const JSON_OPTIONS = new Set(['-j', '--json', '-p', '--pretty']);

/** A file in `folder` for this process: its arguments in the first line, then its standard output. */
exports.keepIn = (folder) => {
  if (!process.argv.some((word) => JSON_OPTIONS.has(word))) return;
  const { writeSync } = fs;
  const file = join(folder, `${process.hrtime.bigint()}-${process.pid}`);
  let text = `${JSON.stringify(process.argv.slice(2))}\n`;
  fs.writeSync = (fd, bytes, at = 0, ...rest) => {
    const written = writeSync(fd, bytes, at, ...rest);
    if (fd !== 1) return written;
    text += Buffer.from(bytes)
      .subarray(at, at + written)
      .toString('latin1');
    try {
      fs.appendFileSync(file, text, 'latin1');
      text = '';
    } catch {
      // A process without rights, in a sandbox: what it prints is left out.
    }
    return written;
  };
};
