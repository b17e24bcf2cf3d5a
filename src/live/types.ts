/**
 * What the live view shows, as plain data: one Sample each interval. A recording is a file of samples, so a replay shows
 * what the machine showed.
 */
import type { Finding } from '../diagnose/types.ts';
import type { Group } from '../host/types.ts';
import type { AcceptListener, AcceptPair } from '../measure/accept.ts';
import type { Matrix } from '../measure/skb.ts';
import type { View } from '../path/view.ts';

export interface Sample {
  /** ISO 8601, when the interval ended. */
  readonly time: string;
  /** Measured. */
  readonly seconds: number;
  /** CPUs of rows and columns of the matrices, and of `cpuRates`. */
  readonly cpus: readonly number[];
  readonly rx: LocalityFigure;
  readonly tx: LocalityFigure;
  /** Made (row) -> used (column), packets in this interval; null when not counted. */
  readonly rxMatrix: Matrix | null;
  readonly txMatrix: Matrix | null;
  readonly accept: Accept | null;
  readonly queues: readonly QueueSample[];
  readonly members: readonly MemberSample[];
  readonly events: readonly LiveEvent[];
  readonly probe: ProbeState;
  /** Fresh each time the configuration was read anew (some seconds), else the same object as before. */
  readonly configuration: Configuration;
}

/** The machine as it was last read. */
export interface Configuration extends View {
  readonly findings: readonly Finding[];
  readonly readAt: string;
}

export interface LocalityFigure {
  /** skbs counted; null when there is no probe. */
  readonly packets: number | null;
  readonly local: number | null;
  /** 0 to 100, one decimal. */
  readonly percent: number | null;
  /** Packets/s of the interfaces' counters: there without any probe. */
  readonly pps: number | null;
}

export interface Accept {
  readonly source: 'probe' | 'sample';
  /** Of which `accepts` is the sum: measured, and not the sample's own where two clocks meet. */
  readonly seconds: number;
  readonly accepts: number;
  readonly matched: number;
  readonly percent: number | null;
  readonly listeners: readonly AcceptListener[];
  readonly pairs: readonly AcceptPair[];
}

export interface QueueSample {
  readonly nic: string;
  readonly direction: 'rx' | 'tx';
  readonly index: number;
  readonly irq: number | null;
  /** Interrupts/s; null when its IRQ is not known. */
  readonly interrupts: number | null;
  /** null where the driver counts none for a queue. */
  readonly pps: number | null;
}

/** What a socket of a group got in the interval. */
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
  /** Of a recording nothing can be changed. */
  readonly live: boolean;
  setInterval(seconds: number): void;
  /** Reads the configuration anew with the next sample, as after an attach. */
  refresh(): void;
  /** While true, single accepts are told as events: a probe of its own that costs more. */
  listen(wanted: boolean): void;
  /** What can be done to the machine; null where nothing can (a recording). */
  readonly control: Control | null;
}

/** What the view may do to a group, each after the user's word. All throw Failure. */
export interface Control {
  /** Programs that need no more than the group to be made. */
  readonly programs: readonly string[];
  /** Changes nothing: what attaching would do to the group as it was last read. */
  preview(group: Group, program: string): Promise<Preview>;
  /** Reads the group anew, checks again, and changes it; what was done, in one line. */
  attach(group: Group, program: string, force: boolean): Promise<string>;
  prepareDetach(group: Group): Prepared;
  /** Works out what is to be confirmed, and changes nothing. @param group what is tuned, with the NICs that feed it; null: all NICs */
  prepare(task: Task, configuration: Configuration, group: Group | null): Promise<Prepared>;
  /** Resolves when nothing that was begun is still being done: no change is left half-way by quitting. */
  idle(): Promise<void>;
}

/** `apply`: the plan for what is shown. */
export type Task = 'apply' | 'undo' | 'snapshot';

/** Something that is about to be done, to be confirmed by the user. */
export interface Prepared {
  readonly title: string;
  /** What exactly, a sentence or an object each. */
  readonly lines: readonly string[];
  /** Does it; what was done, in one line. null where there is nothing to do. Throws Failure. */
  readonly run: (() => Promise<string>) | null;
}

export interface Preview {
  readonly group: string;
  readonly program: string;
  readonly groupSize: number;
  /** Assembler text, one instruction a line. */
  readonly asm: string;
  readonly warnings: readonly string[];
  /** What is on the group now, in words. */
  readonly now: string;
  /** It is there already. */
  readonly attached: boolean;
  /** What is there is not ours and would be replaced: only with `force`. */
  readonly foreign: boolean;
}
