/** The live view inside a guest, its keys and its screen. */
import type { Guest } from './machine/guest.ts';

export interface View {
  /** Resolves to the screen shortly after. */
  press(keys: string): Promise<string>;
  /** Resolves to the screen once it shows `test`; throws with the screen when it does not in time. */
  until(test: RegExp | ((text: string) => boolean), seconds?: number): Promise<string>;
  close(): Promise<void>;
}

const [COLUMNS, ROWS] = [130, 44];

/** `args`: of `locality-tune live`. `environment`: as for `env`. */
export function openView(guest: Guest, args: string, environment = ''): View {
  const program = guest.start(
    `exec env ${environment} node test/lab/screen.ts ${COLUMNS} ${ROWS} live ${args}`,
  );
  const press = (keys: string): Promise<string> => {
    program.write(`${JSON.stringify(keys)}\n`);
    return program.json();
  };
  return {
    press,
    until: async (test, seconds = 300) => {
      const holds = typeof test === 'function' ? test : (text: string) => test.test(text);
      for (const end = Date.now() + 1000 * seconds; ; ) {
        const text = await press('');
        if (holds(text)) return text;
        if (Date.now() > end) throw new Error(`not on the screen after ${seconds} s: ${test}\n${text}`);
      }
    },
    close: async () => {
      await press('q');
      await program.end('SIGTERM');
    },
  };
}
