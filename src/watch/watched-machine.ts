/** What a watcher hears and reads of its machine, and what it may do with it. */
import type { Host } from '../host/types.ts';
import type { Change, Kind } from '../tune/types.ts';
import type { Steering } from './baseline.ts';
import type { Apart } from './observe.ts';
import type { Baseline, Expectation, WatchEvent } from './types.ts';
import type { Writer } from './writer.ts';

/** What was heard from the kernel, or from a person. */
export type Notice =
  /** Somebody wrote a file. */
  | { readonly about: 'file'; readonly path: string; readonly by: Writer | null }
  /** A link went up or down, an interface came or went, ethtool changed something. */
  | {
      readonly about: 'interface';
      readonly name: string;
      readonly what: string;
      /**
       * `all`: the driver may have set everything to its defaults; `link`: likewise, but other changes take a link down and up
       * too; `own`: nothing but `own`.
       */
      readonly changes: 'all' | 'link' | 'own';
      /** What it says that was changed. */
      readonly own: readonly Kind[];
    }
  | { readonly about: 'cpu'; readonly cpu: number; readonly online: boolean }
  /** A socket was closed, a worker ended, events were lost: look again. */
  | { readonly about: 'machine' }
  /** A person asks: read everything again, slots and programs too. */
  | { readonly about: 'anything' };

/** What changes cheaply readable traces of others' work. */
export interface Pulse {
  /** Changes with journals and attachments: somebody has applied, undone, attached or detached. */
  readonly records: string;
  /** Changes with the members of groups and the processes of servers. */
  readonly servers: string;
  /** A group has another program than when slots were last read, or none. */
  readonly programsChanged: boolean;
}

/** `again`: slots and programs too, which takes a second of CPU time; `if-changed`: if a group has other sockets now. */
export type SlotReading = 'again' | 'if-changed' | 'keep';

export interface Reading {
  readonly host: Host;
  /** Slots and programs were read. */
  readonly slots: boolean;
  /** A group has other sockets than when they were last read: what is attached to it is not known. */
  readonly outdated: boolean;
}

export interface WatchedMachine {
  /** Milliseconds of a clock that only moves forward. */
  now(): number;
  read(slots: SlotReading): Promise<Reading>;
  /** The values of those that are not part of a machine, by subject. */
  readApart(settings: readonly Expectation[]): Promise<Apart>;
  /** Cheap, so it is asked often. null: somebody is applying or undoing. */
  pulse(): Promise<Pulse | null>;
  /** The baseline, read again from its source; null: it has not changed. */
  rebase(host: Host, baseline: Baseline): Promise<Baseline | null>;
  /** What a group needs after its workers have changed: pins and a program of its new size, as far as it had them. */
  replan(host: Host, group: string, wanted: Steering): Promise<readonly Change[]>;
  /** Change -> null if it is set again, otherwise why not. Throws Failure: busy. */
  repair(changes: readonly Change[]): Promise<ReadonlyMap<Change, string | null>>;
  say(event: WatchEvent): void;
}
