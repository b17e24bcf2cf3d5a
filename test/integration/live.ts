/** The built command line while it runs: its lines as they come, and its end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ENTRY } from './cli.ts';

export interface Live {
  readonly pid: number;
  /** Throws when it has ended. */
  line(): Promise<string>;
  /** The next line as JSON. */
  document<T>(): Promise<T>;
  /** Interrupts it; resolves to the lines that were left, what was said on stderr, and the exit status. */
  interrupt(): Promise<{ readonly lines: readonly string[]; readonly stderr: string; readonly code: number }>;
}

/** `before`: the words of a command that becomes it. */
export function startLive(args: readonly string[], before: readonly string[] = []): Live {
  const [command = '', ...rest] = [...before, process.execPath, ENTRY, ...args];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`locality-tune ${args.join(' ')} ended: ${stderr}`);
    return value;
  };
  return {
    pid: child.pid ?? 0,
    line,
    document: async () => JSON.parse(await line()),
    interrupt: async () => {
      child.kill('SIGINT');
      const left: string[] = [];
      for (let next = await lines.next(); !next.done; next = await lines.next()) left.push(next.value);
      const [code] = await exit;
      return { lines: left, stderr, code };
    },
  };
}
