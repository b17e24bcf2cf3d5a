/**
 * Every document that a command prints with --json, and every line that one prints. printDocument takes nothing else, so
 * the JSON Schemas that `npm run schemas` makes of this file are true. Names are only ever added: see CONTRIBUTING.md.
 */
import type { HealthEvent } from '../balance/health.ts';
import type { BalanceOutlook } from '../balance/outlook.ts';
import type { BackendTraffic } from '../balance/state.ts';
import type { BalanceStatus } from '../balance/status.ts';
import type { Vip } from '../balance/types.ts';
import type { CheckFinding } from '../cbpf/check.ts';
import type { Cost } from '../cbpf/cost.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import type { TraceStep } from '../cbpf/trace.ts';
import type { DemoResult } from '../demo/demo.ts';
import type { RuleText } from '../diagnose/rule-texts.ts';
import type { Finding } from '../diagnose/types.ts';
import type { Examined } from '../doctor/types.ts';
import type { Fleet } from '../fleet/types.ts';
import type { Cpus } from '../host/cpus.ts';
import type { Group, LoneSocket, Machine, Nic } from '../host/types.ts';
import type { Configuration, Sample } from '../live/types.ts';
import type { AcceptEvent, Accepts } from '../measure/accept.ts';
import type { BeforeAndAfter } from '../measure/locality-counter.ts';
import type { SkbFigure, Skbs } from '../measure/skb.ts';
import type { Explanation } from '../path/explain.ts';
import type { QueuePorts } from '../path/explain-ports.ts';
import type { Expected, Path } from '../path/types.ts';
import type { UdpReport } from '../report/udp.ts';
import type { Snapshot } from '../snapshot/types.ts';
import type { Attached, Detached } from '../steer/attach.ts';
import type { Applied } from '../tune/apply.ts';
import type { Author } from '../tune/author.ts';
import type { DropIn } from '../tune/drop-in.ts';
import type { Entry, Header } from '../tune/journal.ts';
import type { JournalPlace } from '../tune/journal-list.ts';
import type { Saved } from '../tune/saved.ts';
import type { Standing, StatusVerdict } from '../tune/status.ts';
import type { Change, Kind, Plan, Refused } from '../tune/types.ts';
import type { Undone } from '../tune/undo.ts';
import type { Proved } from '../use-cases/prove.ts';
import type { Explained } from '../watch/explain-sources.ts';
import type { TimedEvent, WatcherState } from '../watch/service.ts';
import type { Observed } from '../watch/types.ts';
import type { Comparison } from '../what-if/load.ts';
import type { SportCounters, SpreadCounters } from '../xdp/counters.ts';
import type { AttachedProgram } from '../xdp/state.ts';

/** Instead of any other document, if a command fails. */
export interface ErrorDocument {
  /** `locality-tune.COMMAND/1`, or `locality-tune.error/1` if no command was recognised. */
  readonly schema: string;
  readonly error: {
    /** `EPERM` and the like for system calls, otherwise as docs/troubleshooting.md lists them. */
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  };
}

/** `inspect` */
export interface InspectDocument {
  readonly schema: 'locality-tune.inspect/1';
  readonly host: Machine;
  readonly nics: readonly Nic[];
  readonly groups: readonly Group[];
  readonly lone: readonly LoneSocket[];
  readonly paths: readonly Path[];
  readonly expected: readonly Expected[];
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** With --ignore: how many findings of each rule were left out. */
  readonly ignored?: Readonly<Record<string, number>>;
  /** With --with, --flows or --pcap. */
  readonly whatIf?: Comparison;
}

/** `live` without a terminal: one line for each interval. */
export interface LiveDocument extends Omit<Sample, 'configuration'> {
  readonly schema: 'locality-tune.live/1';
}

/** `explain` */
export type ExplainDocument = ExplainFlowDocument | ExplainPortsDocument | ExplainListDocument;

interface ExplainFlowDocument extends Explanation {
  readonly schema: 'locality-tune.explain/1';
  /** The same for each interface on which the flow may arrive, if there are several. */
  readonly ports?: readonly Explanation[];
  /** With --with: the changes, and the flow without them. */
  readonly with?: readonly string[];
  readonly before?: Explanation;
}

/** With --ports. */
interface ExplainPortsDocument {
  readonly schema: 'locality-tune.explain/1';
  readonly flow: string;
  readonly nic: string;
  readonly queues: readonly QueuePorts[];
  readonly notes: readonly string[];
}

/** With --flows or --pcap. */
interface ExplainListDocument {
  readonly schema: 'locality-tune.explain/1';
  readonly flow: null;
  readonly whatIf: Comparison;
}

/** `findings`; with a rule: `findings RULE`. */
export type FindingsDocument =
  | { readonly schema: 'locality-tune.findings/1'; readonly rules: readonly RuleText[] }
  | ({ readonly schema: 'locality-tune.findings/1' } & RuleText);

/** `attach`; several groups with --all-groups. */
export type AttachDocument =
  | ({ readonly schema: 'locality-tune.attach/1' } & AttachResult)
  | { readonly schema: 'locality-tune.attach/1'; readonly groups: readonly AttachResult[] };

export interface AttachResult extends Attached {
  /** With --measure; null: nothing was measured. */
  readonly measured?: BeforeAndAfter | null;
  /** With --persist. */
  readonly dropIn?: DropIn;
}

/** `detach`; several groups with --all-groups. */
export type DetachDocument =
  | ({ readonly schema: 'locality-tune.detach/1' } & Detached)
  | { readonly schema: 'locality-tune.detach/1'; readonly groups: readonly Detached[] };

interface Rated extends SkbFigure {
  /** Packets per second of the interfaces; null: not counted. */
  readonly pps: number | null;
}

/** `measure skb`: one line for each interval. */
export interface SkbDocument extends Skbs {
  readonly schema: 'locality-tune.skb/1';
  readonly time: Date;
  readonly seconds: number;
  /** How packets are counted. */
  readonly coverage: string;
  readonly rx: Rated;
  readonly tx: Rated;
  /** Rows and columns of the matrices. */
  readonly cpus: readonly number[];
  /** Events that the probe could not report. */
  readonly lost: number;
}

/** `measure accept`: one line for each interval; with --events one for each accept. */
export type AcceptDocument = AcceptIntervalDocument | AcceptEventDocument;

export interface AcceptInterval extends Accepts {
  readonly time: Date;
  readonly seconds: number;
  readonly source: 'probe' | 'sample';
  /** How accepts are counted; null: sampled. */
  readonly coverage: string | null;
  readonly lost: number;
}

interface AcceptIntervalDocument extends AcceptInterval {
  readonly schema: 'locality-tune.accept/1';
}

interface AcceptEventDocument {
  readonly schema: 'locality-tune.accept/1';
  readonly time: Date;
  readonly event: AcceptEvent;
}

export interface UdpInterval extends UdpReport {
  /** How datagrams are counted. */
  readonly coverage: string;
  readonly lost: number;
  readonly notes: readonly string[];
}

/** `measure udp`: one line for each interval. */
export interface UdpDocument extends UdpInterval {
  readonly schema: 'locality-tune.udp/1';
}

/** Of the machine as it is, and with the plan. */
interface Outlook {
  readonly before: readonly Expected[];
  readonly after: readonly Expected[];
}

/** `plan` */
export interface PlanDocument extends Plan {
  readonly schema: 'locality-tune.plan/1';
  readonly expected: Outlook;
  /** With --save. */
  readonly saved?: string;
}

/** `apply`; with --dry-run the plan. */
export type ApplyDocument = ApplyDoneDocument | ApplyDryRunDocument;

interface ApplyDoneDocument extends Applied {
  readonly schema: 'locality-tune.apply/1';
  readonly changed: boolean;
  readonly refused: readonly Refused[];
}

interface ApplyDryRunDocument extends Plan {
  readonly schema: 'locality-tune.apply/1';
  readonly dryRun: true;
  readonly changed: false;
  readonly journal: null;
  readonly done: readonly never[];
  readonly failed: readonly never[];
}

/** What `tune` measured. */
export interface TuneFigures {
  /** Percent. */
  readonly rx: number | null;
  readonly tx: number | null;
  readonly accept: number | null;
  readonly events: { readonly rx: number; readonly tx: number | null; readonly accept: number | null };
  readonly txShare: number | null;
  readonly pps: { readonly rx: number | null; readonly tx: number | null } | null;
  readonly seconds: number;
}

/** `tune` */
export interface TuneDocument {
  readonly schema: 'locality-tune.tune/1';
  /** `cost`: with --prove. */
  readonly judged: 'locality' | 'cost';
  readonly before: TuneFigures | null;
  readonly plan: Plan;
  readonly expected?: Outlook;
  readonly after: TuneFigures | null;
  /** null: nothing was to be decided. */
  readonly kept: boolean | null;
  readonly why: string;
  readonly journal: string | null;
  readonly failed: Applied['failed'];
  readonly takenBack: Applied['takenBack'];
  readonly undone: Undone | null;
  readonly proved?: Proved;
}

/** `prove` */
export interface ProveDocument extends Proved {
  readonly schema: 'locality-tune.prove/1';
  /** With --keep: whether the change was kept, and why; else null. */
  readonly kept: boolean | null;
  readonly keptWhy: string | null;
  readonly journal: string | null;
}

/** What `undo --dry-run` would restore. */
interface RehearsedJournal extends Undone {
  readonly id: string;
  readonly time: string;
  readonly changes: readonly Change[];
  readonly units: readonly string[];
}

/** `undo`; several journals with --all or --dry-run. */
export type UndoDocument =
  | ({ readonly schema: 'locality-tune.undo/1' } & Undone)
  | {
      readonly schema: 'locality-tune.undo/1';
      readonly journal: null;
      readonly restored: readonly never[];
      readonly skipped: readonly never[];
    }
  | { readonly schema: 'locality-tune.undo/1'; readonly journals: readonly Undone[] }
  | {
      readonly schema: 'locality-tune.undo/1';
      readonly dryRun: true;
      readonly journals: readonly RehearsedJournal[];
    };

export interface StatusJournal {
  readonly id: string;
  readonly time: string;
  readonly by: Author | null;
  readonly place: JournalPlace;
  readonly netns: number;
  readonly ended: boolean;
  readonly changes: readonly {
    readonly kind: Kind;
    readonly subject: string;
    readonly from: string | null;
    readonly to: string;
  }[];
  readonly units: readonly string[];
}

/** `status` */
export interface StatusDocument extends Standing {
  readonly schema: 'locality-tune.status/1';
  readonly verdict: StatusVerdict;
  readonly journals: readonly StatusJournal[];
  readonly notes: readonly string[];
  readonly dropIns: readonly string[];
  readonly watchers: readonly WatcherState[];
}

/** `watch`: one line for each event, after one for its start. */
export type WatchDocument =
  | WatchStartDocument
  | WatchEventDocument
  | WatchCheckDocument
  | WatchUnknownDocument
  | WatchStateDocument
  | WatchSourcesDocument;

interface WatchStartDocument {
  readonly schema: 'locality-tune.watch/1';
  /** Number of settings. */
  readonly watching: number;
  readonly baseline: string;
}

interface WatchEventDocument extends TimedEvent {
  readonly schema: 'locality-tune.watch/1';
}

/** With --once. */
interface WatchCheckDocument {
  readonly schema: 'locality-tune.watch/1';
  readonly verdict: 'as planned' | 'drift' | 'unknown';
  readonly baseline: string;
  readonly settings: readonly Omit<Observed, 'target' | 'owner'>[];
}

/** With --once, if there is no answer. */
interface WatchUnknownDocument {
  readonly schema: 'locality-tune.watch/1';
  readonly verdict: 'unknown';
  readonly why: string;
  readonly hint: string | null;
  readonly settings: readonly never[];
}

/** With --pause or --resume. */
interface WatchStateDocument extends WatcherState {
  readonly schema: 'locality-tune.watch/1';
}

/** With --explain-sources. */
interface WatchSourcesDocument {
  readonly schema: 'locality-tune.watch/1';
  readonly sources: readonly Explained[];
}

/** What the reader of a program had to say of its text. */
export interface TextProblem {
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly expected: string | null;
}

/** `asm` */
export interface AsmDocument {
  readonly schema: 'locality-tune.asm/1';
  readonly instructions: readonly Instruction[];
  readonly warnings: readonly TextProblem[];
}

/** `disasm` */
export interface DisasmDocument {
  readonly schema: 'locality-tune.disasm/1';
  /** The form in which the program was given. */
  readonly input: string;
  readonly form: 'asm' | 'tcpdump';
  readonly text: string;
  /** Does asm make the same bytes of it? null for the form of tcpdump. */
  readonly lossless: boolean | null;
  readonly instructions: readonly Instruction[];
}

interface LinedFinding extends CheckFinding {
  readonly line: number | null;
}

/** `check` */
export interface CheckDocument {
  readonly schema: 'locality-tune.check/1';
  readonly ok: boolean;
  readonly errors: readonly LinedFinding[];
  /** Bytes, as the newest kernel counts them; null for a program that is not converted. */
  readonly converted: number | null;
  readonly optmemMax: number | null;
  readonly hints: readonly LinedFinding[];
  readonly notes: readonly string[];
  readonly warnings: readonly TextProblem[];
}

/** `sim`; of a capture with --pcap. */
export type SimDocument = SimPacketDocument | SimCaptureDocument;

interface SimPacketDocument {
  readonly schema: 'locality-tune.sim/1';
  readonly program: string;
  /** Unsigned, 32 bits. */
  readonly result: number;
  readonly earlyExit: string | null;
  /** null without a group, and if the hash chooses. */
  readonly slot: number | null;
  /** Does the kernel's hash choose? null without a group. */
  readonly fallsBack: boolean | null;
  readonly steps: readonly TraceStep[];
  readonly groupSize: number | null;
  readonly distribution?: readonly number[];
  readonly notes: readonly string[];
}

interface SimCaptureDocument {
  readonly schema: 'locality-tune.sim/1';
  readonly program: string;
  readonly result: null;
  readonly earlyExit: null;
  readonly steps: readonly never[];
  readonly groupSize: number | null;
  readonly packets: number;
  readonly passedOver: readonly { readonly why: string; readonly packets: number }[];
  /** `tcp 80`, `udp 53` */
  readonly ports: readonly { readonly port: string; readonly packets: number }[];
  readonly earlyExits: readonly { readonly why: string; readonly packets: number }[];
  /** Without a group. */
  readonly results?: readonly { readonly result: number; readonly packets: number }[];
  /** Packets of each slot; and how many the kernel's hash distributes. */
  readonly distribution?: readonly number[];
  readonly hashed?: number;
  readonly notes: readonly string[];
}

interface ProgramText {
  readonly name: string;
  readonly purpose: string;
  readonly use: string;
  readonly avoid: string;
  /** null: there is no such program for a group of that size. */
  readonly cost: Cost | null;
}

/** `programs`; with a name: `programs NAME`. */
export type ProgramsDocument =
  | {
      readonly schema: 'locality-tune.programs/1';
      readonly groupSize: number;
      readonly programs: readonly ProgramText[];
    }
  | ({
      readonly schema: 'locality-tune.programs/1';
      readonly groupSize: number;
      readonly asm: string;
      readonly instructions: readonly Instruction[];
    } & ProgramText);

/** `demo` */
export interface DemoDocument extends DemoResult {
  readonly schema: 'locality-tune.demo/1';
}

/** `doctor` */
export interface DoctorDocument {
  readonly schema: 'locality-tune.doctor/1';
  readonly checks: readonly Examined[];
}

/** `export`: one line, when it listens. */
export interface ExportDocument {
  readonly schema: 'locality-tune.export/1';
  readonly listening: readonly string[];
}

/** `fleet` */
export interface FleetDocument extends Fleet {
  readonly schema: 'locality-tune.fleet/1';
}

/** `xdp` and its subcommands */
export type XdpDocument = XdpAttachment | XdpStatusDocument | XdpDetachDocument;

/** Of `xdp spread` and `xdp sport`: what is asked for, and the program and counters of what is attached. */
export interface XdpAttachment extends XdpInterface {
  readonly schema: 'locality-tune.xdp-spread/1' | 'locality-tune.xdp-sport/1';
  readonly dryRun?: true;
  readonly changed: boolean;
  /** null if nothing was changed. */
  readonly journal: string | null;
  readonly changes: readonly Change[];
}

interface XdpStatusDocument {
  readonly schema: 'locality-tune.xdp-status/1';
  /** Those with a program, ours or not. */
  readonly interfaces: readonly XdpInterface[];
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

/** `balance` and its subcommands */
export type BalanceDocument =
  | BalancePlanDocument
  | BalanceChangeDocument
  | BalanceStatusDocument
  | BalanceLiveDocument
  | BalanceHealthDocument
  | BalanceDetachDocument;

/** Of `balance check` and `balance plan`. */
interface BalancePlanDocument extends BalanceOutlook {
  readonly schema: 'locality-tune.balance-plan/1';
}

interface BalanceChangeDocument extends BalanceOutlook {
  readonly schema: 'locality-tune.balance-apply/1' | 'locality-tune.balance-remove/1';
  readonly dryRun?: true;
  readonly iface: string;
  readonly changed: boolean;
  /** Its path; null if nothing was changed. */
  readonly journal: string | null;
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
}

interface BalanceStatusDocument {
  readonly schema: 'locality-tune.balance-status/1';
  readonly balancers: readonly BalancerDocument[];
}

/** One line for each reading. */
interface BalanceLiveDocument {
  readonly schema: 'locality-tune.balance-live/1';
  readonly time: string;
  /** Since the line before; null for the first one. */
  readonly seconds: number | null;
  readonly balancers: readonly BalancerDocument[];
}

interface BalancerDocument extends Omit<BalanceStatus, 'vips'> {
  readonly vips: readonly (Omit<Vip, 'backends'> & {
    /** `tcp 198.51.100.1:443` */
    readonly vip: string;
    readonly backends: readonly BackendTraffic[];
  })[];
}

/** One line for each event. */
interface BalanceHealthDocument extends HealthEvent {
  readonly schema: 'locality-tune.balance-health/1';
  readonly time: string;
}

interface BalanceDetachDocument extends DetachedProgram {
  readonly schema: 'locality-tune.balance-detach/1';
}

export interface DetachedProgram {
  readonly dryRun?: true;
  readonly iface: string;
  /** What was attached, as text; null: nothing. */
  readonly was: string | null;
  readonly detached: boolean;
  readonly journals: readonly Undone[];
}

/** The file that `snapshot` writes. */
export type SnapshotFile = Snapshot;

/** One line of the file that `live --record` writes: first its header, then configurations and samples. */
export type RecordingLine =
  | { readonly schema: 'locality-tune.recording/1'; readonly startedAt: string }
  | { readonly configuration: Configuration }
  | { readonly sample: Omit<Sample, 'configuration'> };

/** One line of a journal in /var/lib/locality-tune/journals: first its header, then what was done. */
export type JournalLine = Header | Entry;

/** The file that `plan --save` and `apply --persist` write. */
export type SavedFile = Saved;

export type AnyDocument =
  | ErrorDocument
  | InspectDocument
  | LiveDocument
  | ExplainDocument
  | FindingsDocument
  | AttachDocument
  | DetachDocument
  | SkbDocument
  | AcceptDocument
  | UdpDocument
  | PlanDocument
  | ApplyDocument
  | TuneDocument
  | ProveDocument
  | UndoDocument
  | StatusDocument
  | WatchDocument
  | AsmDocument
  | DisasmDocument
  | CheckDocument
  | SimDocument
  | ProgramsDocument
  | DemoDocument
  | DoctorDocument
  | ExportDocument
  | FleetDocument
  | XdpDocument
  | BalanceDocument;
