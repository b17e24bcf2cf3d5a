/** Asks before something is changed. */
import { createInterface } from 'node:readline';
import { printable } from '../words/printable.ts';
import { usage } from './errors.ts';
import { lostReader } from './output.ts';

/** Is there a user to ask? */
export const isInteractive = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/**
 * Asks on stderr, so that stdout holds only the result. Anything but y or yes means no, also Ctrl-C, Ctrl-D and a terminal
 * that goes away.
 */
export function confirm(question: string, signal?: AbortSignal): Promise<boolean> {
  outliveTerminal();
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    lines.once('close', () => resolve(false));
    lines.on('error', () => resolve(false));
    lines.once('SIGINT', () => lines.close());
    signal?.addEventListener('abort', () => lines.close(), { once: true });
    lines.question(`${printable(question)} [y/N] `, (answer) => {
      resolve(/^\s*y(es)?\s*$/i.test(answer));
      lines.close();
    });
  });
}

let outlives = false;

/** An error of a stream that nobody listens to ends the process, also in the middle of a change. */
function outliveTerminal(): void {
  if (outlives) return;
  outlives = true;
  for (const stream of [process.stdin, process.stderr]) stream.on('error', lostReader);
  // Ctrl-D comes as a key.
  process.stdin.on('end', lostReader);
}

/** Throws CliError usage if there is nobody to ask. @param instead what the command can do without a change */
export function requireAnswer(
  command: string,
  yes: boolean,
  instead = '--dry-run to see what would change',
): void {
  if (!yes && !isInteractive())
    throw usage(
      `${command}: needs confirmation, but there is no terminal to ask on`,
      `use --yes to confirm, or ${instead}`,
    );
}
