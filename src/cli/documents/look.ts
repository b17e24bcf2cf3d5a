/** What commands that look at this machine print with --json. */
import type { DemoResult } from '../../demo/demo.ts';
import type { RuleText } from '../../diagnose/rule-texts.ts';
import type { Finding } from '../../diagnose/types.ts';
import type { Examined } from '../../doctor/types.ts';
import type { Fleet } from '../../fleet/types.ts';
import type { Group, LoneSocket, Machine, Nic } from '../../host/types.ts';
import type { Sample } from '../../live/types.ts';
import type { Explanation } from '../../path/explain.ts';
import type { QueuePorts } from '../../path/explain-ports.ts';
import type { Expected, Path } from '../../path/types.ts';
import type { Comparison } from '../../what-if/load.ts';

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

/** `demo` */
export interface DemoDocument extends DemoResult {
  readonly schema: 'locality-tune.demo/1';
}

/** `doctor` */
export interface DoctorDocument {
  readonly schema: 'locality-tune.doctor/1';
  readonly checks: readonly Examined[];
}

/** `fleet` */
export interface FleetDocument extends Fleet {
  readonly schema: 'locality-tune.fleet/1';
}
