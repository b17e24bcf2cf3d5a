/**
 * What the live view shows, as plain data: one Sample per interval. A recording is a file of samples, so a replay shows
 * exactly what the machine showed.
 */

import type { Finding } from '../diagnose/types.ts';
import type { Group } from '../host/types.ts';
import type { AcceptListener, AcceptPair } from '../measure/accept.ts';
import type { Matrix } from '../measure/skb.ts';
import type { View } from '../path/view.ts';
import type { RunningExperiment } from '../prove/running.ts';
import type { Progress } from '../use-cases/machine.ts';
import type { Tuned } from '../use-cases/tune.ts';

export interface Sample {
  /** ISO 8601, when the interval ended. */
  readonly time: string;
  /** Measured. */
  readonly seconds: number;
  /** CPUs of rows and columns of the matrices. */
  readonly cpus: readonly number[];
  /** The port that `rx`, `tx` (except `pps`) and the matrices are of; null: all packets of the machine. */
  readonly port: number | null;
  readonly rx: LocalityFigure;
  readonly tx: LocalityFigure;
  /**
   * Packets in this interval by first CPU (row: received, sent) and last CPU (column: read, freed); null if not
   * counted.
   */
  readonly rxMatrix: Matrix | null;
  readonly txMatrix: Matrix | null;
  readonly accept: Accept | null;
  /** Of each online CPU; empty if it was not read. */
  readonly loads: readonly CpuLoad[];
  readonly queues: readonly QueueSample[];
  readonly members: readonly MemberSample[];
  readonly events: readonly LiveEvent[];
  readonly probe: ProbeState;
  /** Our XDP programs; absent: none, or not known without root. */
  readonly xdp?: readonly XdpFigure[];
  /** The experiment of `locality-tune prove` that runs on this machine; absent: none. */
  readonly experiment?: RunningExperiment;
  /** A new object each time the configuration was read (every few seconds), otherwise the same object as before. */
  readonly configuration: Configuration;
}

/** The machine as it was last read. */
export interface Configuration extends View {
  readonly findings: readonly Finding[];
  readonly readAt: string;
}

/** What one of our XDP programs did in the interval. */
export interface XdpFigure {
  readonly nic: string;
  readonly command: 'spread' | 'sport' | 'balance';
  /** Packets/s that it changed, sent on or gave to a CPU; null at first. */
  readonly pps: number | null;
  /** By the address of a backend, or `CPU 3`; empty if it has no parts. */
  readonly parts: readonly { readonly name: string; readonly pps: number | null }[];
  /** Of a spread: packets lost in the queues of CPUs since it was attached. */
  readonly lost: number | null;
}

export interface LocalityFigure {
  /** skbs counted; null without a probe. */
  readonly packets: number | null;
  readonly local: number | null;
  /** 0 to 100, one decimal. */
  readonly percent: number | null;
  /** Packets/s from the interface counters; needs no probe. */
  readonly pps: number | null;
}

export interface Accept {
  readonly source: 'probe' | 'sample';
  /**
   * Seconds in which `accepts` were counted: measured, and different from the sample's own if two clocks are involved.
   */
  readonly seconds: number;
  readonly accepts: number;
  readonly matched: number;
  readonly percent: number | null;
  readonly listeners: readonly AcceptListener[];
  readonly pairs: readonly AcceptPair[];
}

/** What a CPU did in the interval; null: not known. */
export interface CpuLoad {
  readonly cpu: number;
  /** 0 to 100, of its time: not idle, and in softirqs. */
  readonly busy: number | null;
  readonly softirq: number | null;
  /** Packets/s that its softirqs received, of all interfaces and namespaces. */
  readonly pps: number | null;
}

export interface QueueSample {
  readonly nic: string;
  readonly direction: 'rx' | 'tx';
  readonly index: number;
  readonly irq: number | null;
  /** Interrupts/s; null when its IRQ is not known. */
  readonly interrupts: number | null;
  /** null if the driver does not count packets per queue. */
  readonly pps: number | null;
}

/** What a socket of a group received in the interval. */
export interface MemberSample {
  readonly group: string;
  readonly inode: number;
  /** Accepts/s or datagrams/s; null when not counted. */
  readonly rate: number | null;
  readonly percent: number | null;
  readonly recvQueue: number | null;
}

export interface LiveEvent {
  readonly time: string;
  /** `change`: affinity moved, group reordered, program gone; `action`: what the user did here. */
  readonly kind: 'accept' | 'change' | 'action' | 'trouble';
  /** One line without line end: `cpu=#12 pid=29333 accept(3) -> fd=30 rxcpu=#12`. */
  readonly text: string;
}

export interface ProbeState {
  readonly state: 'starting' | 'running' | 'missing' | 'failed';
  /** `fentry`, `kprobe`, `tracepoint`; null without a probe. */
  readonly coverage: string | null;
  /** What is missing or limited, one sentence each: no root, no bpftrace, UDP counted by socket. */
  readonly notes: readonly string[];
}

/** Where samples come from: this machine, a recording, the demo. */
export interface Source {
  /** Ends when `signal` aborts or the recording is over. Never throws for what one interval lacks: that is null in it. */
  samples(signal: AbortSignal): AsyncGenerator<Sample, void, undefined>;
  /** A recording cannot be changed. */
  readonly live: boolean;
  setInterval(seconds: number): void;
  /** Reads the configuration again with the next sample, such as after an attach. */
  refresh(): void;
  /** While true, single accepts are reported as events, by another probe that costs more. */
  listen(wanted: boolean): void;
  /** Actions on the machine; null if there are none (a recording). */
  readonly control: Control | null;
  /** Only of a recording. */
  readonly replay: Replay | null;
}

/** Controls of a recording. Places are numbers of samples. */
export interface Replay {
  state(): ReplayState;
  /** Moves by this many samples, back if negative. */
  seek(by: number): void;
  /** To the next speed, or the one before. */
  changeSpeed(by: 1 | -1): void;
  pause(wish: boolean): void;
  /** From now on the replay waits at its end, since its user may go back. */
  watch(watcher: ReplayWatch): void;
}

export interface ReplayState {
  /** Samples shown so far, of `total`. */
  readonly at: number;
  readonly total: number;
  /** 1: as recorded. */
  readonly speed: number;
  readonly paused: boolean;
  readonly ended: boolean;
}

export interface ReplayWatch {
  /** The samples that came before the one that follows, for histories. */
  jumped(before: readonly Sample[]): void;
  /** The state has changed. */
  changed(): void;
}

/** Actions on a group, each after a confirmation. All throw Failure. */
export interface Control {
  /** Programs that can be made from the group alone. */
  readonly programs: readonly string[];
  /** What attaching would do to the group as it was last read; changes nothing. */
  preview(group: Group, program: string): Promise<Preview>;
  /** Reads the group again, checks again, and changes it; returns what was done, in one line. */
  attach(group: Group, program: string, force: boolean): Promise<string>;
  prepareDetach(group: Group): Prepared;
  /**
   * Prepares what the user is to confirm, and changes nothing. Reads the machine again where the view may not know
   * enough yet, and shows that by `progress`. @param group the group to tune, with the NICs that feed it; null: all NICs
   */
  prepare(
    task: Task,
    configuration: Configuration,
    group: Group | null,
    progress: Progress,
  ): Promise<Prepared>;
  /**
   * For the end of the view: what only measures is interrupted and undone, what writes is awaited, so that no change
   * is left half-done. Resolves to the outcomes that the user has not seen.
   */
  stop(): Promise<readonly string[]>;
}

export type Task = 'tune' | 'undo' | 'snapshot';

/** An action that the user is to confirm. */
export interface Prepared {
  readonly title: string;
  /** What exactly it will do: one sentence or object per line. */
  readonly lines: readonly string[];
  /** Empty if there is nothing to do. */
  readonly choices: readonly Choice[];
}

/** A key that confirms, and what it then does. */
export interface Choice {
  readonly key: 'y' | 'Y';
  /** For the line of keys: `yes`. */
  readonly label: string;
  /** Throws Failure. */
  readonly run: (progress: Progress) => Promise<Outcome>;
}

export interface Outcome {
  /** One sentence: what was done, or why not. */
  readonly text: string;
  readonly ok: boolean;
  /** What was measured and changed, if that needs more than a sentence. */
  readonly tuned: Tuned | null;
}

export interface Preview {
  readonly group: string;
  readonly program: string;
  readonly groupSize: number;
  /** Assembler text, one instruction per line. */
  readonly asm: string;
  readonly warnings: readonly string[];
  /** The program that is attached now, in words. */
  readonly now: string;
  /** Is it attached already? */
  readonly attached: boolean;
  /** A foreign program is attached and would be replaced: only with `force`. */
  readonly foreign: boolean;
}
