/** What the child process of set-xdp.ts is told, as JSON, and what it answers. */
import type { Filter } from '../system/tc.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import type { Image } from './image.ts';

/** Entries of one map, one after the other, in base64: as many keys as values. */
export interface Entries {
  readonly map: string;
  readonly keys: string;
  /** Of the map's value size; of a per-CPU map, for all possible CPUs. */
  readonly values: string;
  /** Of a CPUMAP: each value ends with the descriptor of the image's program for `cpumap`. */
  readonly runs?: true;
}

/** A program with its maps filled, to be attached last. */
export interface Loading {
  readonly image: Image;
  /** Which of its programs is attached. Default: xdp. */
  readonly section?: 'tc';
  /** At most 15 characters. */
  readonly name: string;
  /** Of the maps whose image has none. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly entries: readonly Entries[];
  /** Maps that a program shares with the one that it replaces, with what they hold, if they have the same form. */
  readonly inherits?: { readonly programId: number; readonly maps: readonly string[] };
}

export interface Order {
  readonly ifindex: number;
  readonly mode: XdpMode;
  /** Id of the program that is attached now, and no other; null: none. */
  readonly replaces: number | null;
  /** null detaches. */
  readonly program: Loading | null;
}

/** Of the filter on the way out. */
export type EgressOrder =
  | {
      readonly egress: 'add';
      readonly ifindex: number;
      readonly program: Loading;
      readonly makesClsact: boolean;
    }
  | EgressDeletion;

export interface EgressDeletion {
  readonly egress: 'delete';
  readonly ifindex: number;
  readonly filter: Filter;
  /** The qdisc too, unless somebody else's filter is in it by then. */
  readonly withClsact: boolean;
}

/** `started`: it runs. `loaded`: all that is left is to attach. */
export type Stage = 'started' | 'loaded';

/** The child's output, line by line. */
export type Line =
  | { readonly stage: Stage }
  | { readonly done: { readonly programId: number | null } }
  | { readonly code: string; readonly message: string; readonly hint: string };
