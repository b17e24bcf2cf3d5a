/** The ways to count packets by CPU, and what each cannot see. */
import { type SkbScript, skbScript } from '../../probes/skb.ts';
import { type SkbFreeScript, skbFreeScript } from '../../probes/skb-free.ts';
import { holesFor } from '../../probes/text.ts';
import { type Capabilities, hasRawTracepoints, readCapabilities } from './capabilities.ts';
import { type Filter, filterParameters } from './filter.ts';
import { skbKeys } from './keys.ts';
import type { ProbeVariant, Question } from './types.ts';

export interface SkbOptions {
  /**
   * `use`: where packets are read, and sent ones freed. `free`: where their memory is freed, as in the script of 2017.
   */
  readonly by: 'use' | 'free';
  /** Also count where packets are handed to the driver. */
  readonly toDriver: boolean;
}

/** Throws Failure: everything of readCapabilities. */
export async function skbQuestion(
  filter: Filter,
  seconds: number,
  options: SkbOptions = { by: 'use', toDriver: false },
): Promise<Question> {
  const variants = skbVariants(filter, seconds, options, await readCapabilities());
  return { variants, parameters: filterParameters(filter), seconds, keys: skbKeys() };
}

const READ =
  'rx: data that is copied to a TCP or UDP reader; a segment read in parts counts each time, merged segments count once, bare ACKs never';
const ACKED = 'tx: TCP segments when their ACK frees them, UDP datagrams when the driver frees them';
const GIVEN_BACK =
  'tx: packets that the driver frees; tracepoints do not show an ACK that frees TCP segments';
const DELIVERED =
  "rx of UDP uses the CPU of the socket's latest delivery, which with several senders may not be the datagram's";
const LATEST =
  "this kernel's packets do not name their CPU: rx uses the CPU of the connection's latest packet, or of the socket's latest delivery; tx is not known";
const MISLEADS =
  'rx by free misleads: since Linux 5.19 a packet that was read on another CPU is returned to the CPU that allocated it and freed there, so it is nearly 100 % local wherever readers run; since 6.19 drivers do the same with tx';
const READ_FREES =
  'TCP segments that the reader frees immediately pass no tracepoint, so they are not counted';
const COPIES =
  'tx of TCP: the copies that the driver frees; tracepoints do not show an ACK that frees a segment';
const SENDER = "lo and veth: the receiving CPU is the sender's, and UDP has no tx";

type Way<Script> = readonly [script: Script, needs: readonly string[], ...notes: string[]];
const ALLOC_CPU = ['sk_buff.alloc_cpu'];
const NO_ALLOC_CPU = 'incoming-cpu';

/** The best first. A kernel without alloc_cpu (before 5.19) has only the last way. */
const BY_USE: readonly Way<Exclude<SkbScript, 'kfunc'>>[] = [
  ['fentry', ALLOC_CPU, READ, ACKED, SENDER],
  ['kprobe', ALLOC_CPU, READ, ACKED, SENDER],
  ['rawtracepoint', ALLOC_CPU, READ, DELIVERED, GIVEN_BACK, SENDER],
  ['tracepoint', ALLOC_CPU, READ, DELIVERED, GIVEN_BACK, SENDER],
  [NO_ALLOC_CPU, [], READ, LATEST],
];
const BY_FREE: readonly Way<SkbFreeScript>[] = [
  ['fentry', ALLOC_CPU, MISLEADS, READ_FREES, SENDER],
  ['tracepoint', ALLOC_CPU, MISLEADS, READ_FREES, COPIES, SENDER],
];

/** The best first. */
export function skbVariants(
  filter: Filter,
  seconds: number,
  { by, toDriver }: SkbOptions,
  { bpftrace, btf }: Pick<Capabilities, 'bpftrace' | 'btf'>,
): ProbeVariant[] {
  const flushes =
    (btf?.hasFunction('skb_defer_free_flush') && btf.hasMember('trace_event_raw_consume_skb.location')) ??
    false;
  const holes = { ...holesFor(seconds, filter.comm), flushes, toDriver };
  const scriptOf = (name: SkbScript) => (name === 'fentry' && !hasRawTracepoints(bpftrace) ? 'kfunc' : name);
  const ways =
    by === 'use'
      ? BY_USE.map(([name, ...rest]) => [name, skbScript(scriptOf(name), holes), ...rest] as const)
      : BY_FREE.map(([name, ...rest]) => [name, skbFreeScript(name, holes), ...rest] as const);
  return ways.map(([name, program, fields, ...notes]) => ({
    name,
    program,
    fields,
    notes: [...notes, ...filterNotes(name, filter)],
  }));
}

/** Sent packets are freed by an ACK or an interrupt, in the context of any process. */
export const countsTx = (variant: string, { pid, comm }: Filter): boolean =>
  variant !== NO_ALLOC_CPU && pid === null && comm === null;

function filterNotes(variant: string, filter: Filter): string[] {
  if (variant === NO_ALLOC_CPU) return [];
  if (!countsTx(variant, filter))
    return ['no tx: an ACK or an interrupt frees sent packets in the context of any process'];
  return filter.port === null
    ? []
    : ['tx of this port: UDP only; an ACK that frees a TCP segment does not show its port'];
}
