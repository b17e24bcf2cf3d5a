/** Asks before something is changed. */
import { createInterface } from 'node:readline';
import { printable } from '../words/printable.ts';
import { usage } from './errors.ts';

/** Can anyone be asked? */
export const isInteractive = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** On stderr, so that stdout holds the result alone. Anything but y or yes is a no, Ctrl-C and Ctrl-D too. */
export function confirm(question: string, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    lines.once('close', () => resolve(false));
    lines.once('SIGINT', () => lines.close());
    signal?.addEventListener('abort', () => lines.close(), { once: true });
    lines.question(`${printable(question)} [y/N] `, (answer) => {
      resolve(/^\s*y(es)?\s*$/i.test(answer));
      lines.close();
    });
  });
}

/** Throws CliError usage where nobody can be asked. */
export function requireAnswer(command: string, yes: boolean): void {
  if (!yes && !isInteractive())
    throw usage(
      `${command}: needs confirmation, but there is no terminal to ask on`,
      'use --yes to confirm, or --dry-run to see what would change',
    );
}
