/** What `xdp` and its subcommands print with --json. */
import type { Cpus } from '../../host/cpus.ts';
import type { DropsReport } from '../../report/xdp-drops.ts';
import type { Change } from '../../tune/types.ts';
import type { Undone } from '../../tune/undo.ts';
import type { SportCounters, SpreadCounters } from '../../xdp/counters.ts';
import type { AttachedProgram } from '../../xdp/state.ts';

/** `xdp` and its subcommands */
export type XdpDocument = XdpAttachment | XdpStatusDocument | XdpDropsDocument | XdpDetachDocument;

/** Of `xdp spread` and `xdp sport`: what is asked for, and the program and counters of what is attached. */
export interface XdpAttachment extends XdpInterface {
  readonly schema: 'locality-tune.xdp-spread/1' | 'locality-tune.xdp-sport/1';
  readonly dryRun?: true;
  readonly changed: boolean;
  /** null if nothing was changed. */
  readonly journal: string | null;
  readonly changes: readonly Change[];
  /** What is attached at boot. */
  readonly notes: readonly string[];
}

interface XdpStatusDocument {
  readonly schema: 'locality-tune.xdp-status/1';
  /** Those with a program, ours or not. */
  readonly interfaces: readonly XdpInterface[];
}

/** One line for each interval. */
interface XdpDropsDocument extends DropsReport {
  readonly schema: 'locality-tune.xdp-drops/1';
  readonly time: Date;
  /** Events that bpftrace lost. */
  readonly lost: number;
  readonly notes: readonly string[];
}

interface XdpDetachDocument extends DetachedProgram {
  readonly schema: 'locality-tune.xdp-detach/1';
}

/** One program of an interface. */
export interface XdpInterface {
  readonly iface: string;
  readonly mode: AttachedProgram['mode'];
  /** `flow`, `quic:8`, `payload:0:0xfffff`; null for anything but a spread. */
  readonly by: string | null;
  /** `443,4000`, `gre,4789:vxlan`; null for a program that is not of `xdp`. */
  readonly ports: string | null;
  readonly cpus: Cpus | null;
  /** Packets that may wait for each CPU. */
  readonly queueSize: number | null;
  /** null: not attached. */
  readonly program: {
    readonly id: number;
    /** null, with tag and uid: it may not be read. */
    readonly name: string | null;
    /** The kernel's digest of its instructions, 16 hexadecimal digits. */
    readonly tag: string | null;
    readonly uid: number | null;
    /** null: not known. */
    readonly ours: boolean | null;
  } | null;
  /** Of a spread. */
  readonly counters: Pick<SpreadCounters, 'spread' | 'perCpu' | 'passed'> | null;
  /** Packets that ran on their CPU, and those that were lost in its queue. */
  readonly arrived: number | null;
  readonly lost: number | null;
  /** Of a random source port; without the numbers if they cannot be read. */
  readonly sport: XdpSport | null;
  readonly warnings: readonly string[];
}

interface XdpSport extends Partial<SportCounters> {
  /** The range of ports. */
  readonly first: number;
  readonly last: number;
  readonly restore: boolean;
  /** Answers that got the peer's own port; null: without `--restore`, or its filter is gone. */
  readonly restored: number | null;
}

export interface DetachedProgram {
  readonly dryRun?: true;
  readonly iface: string;
  /** What was attached, as text; null: nothing. */
  readonly was: string | null;
  readonly detached: boolean;
  readonly journals: readonly Undone[];
}
