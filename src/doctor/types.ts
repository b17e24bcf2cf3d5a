/** What `doctor` looks at, and what it says of it. */
import type { Files, Kernel } from '../system/types.ts';

export interface Subject {
  readonly files: Files;
  /** null: a captured tree, of which only files are known. */
  readonly live: Live | null;
}

export interface Live {
  readonly kernel: Kernel;
  /** Effective. */
  readonly euid: number;
  /** Also load a probe of each kind with bpftrace, which takes a second or two each. */
  readonly probes: boolean;
  /** The folder of lock and journals. */
  readonly state: string;
  /** The configuration file, which may be missing. */
  readonly config: string;
}

/** What a check has found. */
export interface Outcome {
  /** null: not known, or it does not apply here. */
  readonly ok: boolean | null;
  /** One sentence without its full stop. */
  readonly detail: string;
  /** A shell command, or one sentence where no command does it; null if there is nothing to do. */
  readonly fix: string | null;
}

export interface Check {
  /** Never changes, so that scripts can rely on it. */
  readonly id: string;
  /** The commands that cannot do their job without it. */
  readonly commands: readonly string[];
  readonly examine: (subject: Subject) => Outcome | Promise<Outcome>;
}

export interface Examined extends Outcome {
  readonly id: string;
  readonly commands: readonly string[];
}

export const works = (detail: string, fix: string | null = null): Outcome => ({ ok: true, detail, fix });
export const fails = (detail: string, fix: string): Outcome => ({ ok: false, detail, fix });
export const unknown = (detail: string, fix: string | null = null): Outcome => ({ ok: null, detail, fix });

/** Of a captured tree, or without the file that says it. */
export const NOT_READ = unknown('not known: nothing about it could be read');
