/** Starts trap.py, and counts who is caught in it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What trap.py says of itself. */
export interface Trap {
  readonly pid: number;
  readonly file: number;
  readonly port: number;
  readonly fd: number;
  readonly busy: number;
  readonly group: number;
  /** Frees whoever waits. */
  end(): Promise<void>;
}

export async function setTrap(): Promise<Trap> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-trap-'));
  const python = spawn('python3', [join(import.meta.dirname, 'trap.py'), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(python.stdout, 'data');
  return {
    ...JSON.parse(String(line)),
    end: async () => {
      const ended = once(python, 'exit');
      python.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Children that wait for the trap, where no signal reaches them: of this process, or of any that has ended. */
export function stuck(of: readonly string[] = ['--ppid', String(process.pid)]): number {
  const list = spawnSync('ps', ['-o', 'wchan:30=,comm=', ...of], { encoding: 'utf8' }).stdout;
  return list.match(/^request_wait_answer +(?:locality-borrow|node|MainThread)$/gm)?.length ?? 0;
}
