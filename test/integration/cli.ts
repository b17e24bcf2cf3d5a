/** The built command line, as a user runs it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { checkOutput } from '../schemas.ts';

export const ENTRY = fileURLToPath(new URL('entry.cjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export const cli = (...args: string[]): Promise<Ran> => cliBehind([], ...args);

/** `before`: the words of a command that becomes it. */
export function cliBehind(before: readonly string[], ...args: string[]): Promise<Ran> {
  const [command = '', ...rest] = [...before, process.execPath, ENTRY, ...args];
  return new Promise((resolve, reject) => {
    execFile(command, rest, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      try {
        checkOutput(stdout);
        resolve({ code, stdout, stderr });
      } catch (wrong) {
        reject(wrong);
      }
    });
  });
}

/** Runs with -j and parses; throws what the command said when it failed. */
export async function cliJson<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await cli(...args, '--json');
  if (code !== 0) throw new Error(`locality-tune ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}
