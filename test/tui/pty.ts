/** A program in a real pseudo-terminal, and the screen that a person would see. */
import { setTimeout as sleep } from 'node:timers/promises';
import xterm from '@xterm/headless';
import { spawn } from 'node-pty';

export interface Screen {
  readonly pid: number;
  /** Lines of the screen, without blanks at their ends. */
  lines(): string[];
  text(): string;
  /** Everything that was written, escape sequences and all. */
  raw(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves once `test` holds for the screen; throws with the screen when it does not in time. */
  until(test: RegExp | ((text: string) => boolean), what?: string, seconds?: number): Promise<string>;
  /** Is the alternate screen shown? */
  alternate(): boolean;
  /** Resolves when the program has ended. */
  readonly ended: Promise<{ readonly code: number; readonly signal: number }>;
  kill(signal?: string): void;
  /** Closes our end, as sshd does when its connection is lost. */
  hangUp(): void;
}

export interface ScreenOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs `file`; a test must end it, by a key or by `kill`. */
export function openScreen(file: string, args: readonly string[], options: ScreenOptions = {}): Screen {
  const { columns = 100, rows = 30, env = {} } = options;
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const child = spawn(file, [...args], {
    // It becomes TERM.
    name: env['TERM'] ?? 'xterm-256color',
    cols: columns,
    rows,
    env: defined({
      ...process.env,
      LANG: 'C.UTF-8',
      CI: 'false',
      FORCE_COLOR: '2',
      NO_COLOR: undefined,
      ...env,
    }),
  });
  let raw = '';
  child.onData((data) => {
    raw += data;
    terminal.write(data);
  });
  const ended = new Promise<{ code: number; signal: number }>((resolve) => {
    child.onExit(({ exitCode, signal }) => resolve({ code: exitCode, signal: signal ?? 0 }));
  });
  const written = () => new Promise<void>((resolve) => terminal.write('', resolve));
  const lines = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    );
  };
  const text = () => lines().join('\n');
  return {
    pid: child.pid,
    lines,
    text,
    raw: () => raw,
    type: (keys) => child.write(keys),
    resize: async (cols, height) => {
      terminal.resize(cols, height);
      child.resize(cols, height);
      await written();
    },
    until: async (test, what = String(test), seconds = 60) => {
      const holds = typeof test === 'function' ? test : (shown: string) => test.test(shown);
      for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(20)) {
        await written();
        if (holds(text())) return text();
      }
      throw new Error(`not on the screen after ${seconds} s: ${what}\n${text()}`);
    },
    alternate: () => terminal.buffer.active.type === 'alternate',
    ended,
    kill: (signal) => child.kill(signal),
    hangUp: () => {
      // Not in node-pty's types.
      if (!('destroy' in child) || typeof child.destroy !== 'function') throw new Error('no destroy');
      child.destroy();
    },
  };
}

/** node-pty would make the word `undefined` of one that is not. */
const defined = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
