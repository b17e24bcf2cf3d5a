/** A network namespace with a multi-queue veth pair, a process to pin, and the built program run inside of it. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Saved } from '../../src/tune/saved.ts';
import { subjectOf } from '../../src/tune/subject.ts';
import type { Change, Target } from '../../src/tune/types.ts';
import { ENTRY } from '../integration/cli.ts';
import { checkLines } from '../schemas.ts';

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Lab {
  readonly name: string;
  /** LOCALITY_TUNE_STATE of its runs. */
  readonly state: string;
  /** A process that does nothing. */
  readonly pid: number;
  sh(script: string): string;
  /** The built program, inside. */
  tune(args: readonly string[], environment?: Readonly<Record<string, string>>): Ran;
  /** Its words. */
  words(args: readonly string[]): readonly [string, ...string[]];
  /** The same, not waited for. */
  start(args: readonly string[]): ChildProcess;
  /** Every setting of its interfaces and of its process, as the kernel prints them. */
  settings(): string;
  /** A file for --saved. */
  save(changes: readonly Change[]): string;
  end(): void;
}

export const QUEUES = 'numrxqueues 4 numtxqueues 4';
const SETTINGS = `cd /sys/class/net && for if in v0 v1; do grep -r . $if/queues | sort; ethtool -l $if; done`;

export function openLab(subject: string): Lab {
  const name = `lt-tune-${subject}-${process.pid}`;
  const state = mkdtempSync(join(tmpdir(), `${name}-`));
  const sh = (script: string) =>
    execFileSync('ip', ['netns', 'exec', name, 'sh', '-ec', script], { encoding: 'utf8' });
  const words = (args: readonly string[]) => ['netns', 'exec', name, process.execPath, ENTRY, ...args];
  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    [
      words(args),
      { encoding: 'utf8', env: { ...process.env, LOCALITY_TUNE_STATE: state, ...environment } },
    ] as const;
  execFileSync('ip', ['netns', 'add', name]);
  sh(`ip link add v0 ${QUEUES} type veth peer name v1 ${QUEUES}; ip link set v0 up; ip link set v1 up`);
  const idle = spawn('sleep', ['3600'], { stdio: 'ignore' });
  const pid = idle.pid ?? 0;
  return {
    name,
    state,
    pid,
    sh,
    tune: (args, environment) => {
      const { status, signal, stdout, stderr } = spawnSync('ip', ...run(args, environment));
      return { code: status, signal, stdout, stderr };
    },
    words: (args) => ['ip', ...words(args)],
    start: (args) => spawn('ip', ...run(args)),
    settings: () => sh(`${SETTINGS}; taskset -p ${pid}`),
    save: (changes) => {
      const file = join(state, 'saved.json');
      const saved: Saved = { schema: 'locality-tune.saved/1', changes };
      writeFileSync(file, JSON.stringify(saved));
      return file;
    },
    end: () => {
      checkJournals(state);
      idle.kill();
      execFileSync('ip', ['netns', 'del', name]);
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** All that the program wrote to its journals; a test that adds something else takes it out again. */
function checkJournals(state: string): void {
  const folder = join(state, 'journals');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names.filter((each) => each.endsWith('.jsonl')))
    checkLines(readFileSync(join(folder, name), 'utf8').replaceAll('\0', ''), 'journal');
}

/** A change of a plan, without what only a person reads. */
export const change = (target: Target, to: string): Change => ({
  kind: target.kind,
  subject: subjectOf(target),
  target,
  from: null,
  to,
  why: 'test',
  command: ':',
});
