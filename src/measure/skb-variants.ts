/** The ways to count packets by CPU, and what each of them can't see. */
import { readProbe } from '../system/bpftrace.ts';
import type { Btf } from '../system/btf.ts';
import { type Capabilities, hasRawTracepoints } from './capabilities.ts';
import type { Filter } from './filter.ts';
import type { Variant } from './types.ts';

export interface SkbQuestion {
  /** `use`: where packets are used. `free`: where their memory is given back, as the script of 2017 had it. */
  readonly by: 'use' | 'free';
  readonly filter: Filter;
  readonly toDriver: boolean;
}

const READ =
  'rx: what is copied to a TCP or UDP reader; a segment read in parts counts each time, merged segments once, bare ACKs never';
const ACKED = 'tx: TCP segments when their ACK frees them, UDP datagrams when the driver gives them back';
const GIVEN_BACK = 'tx: packets that the driver gives back; tracepoints do not see an ACK free TCP segments';
const DELIVERED =
  "rx of UDP goes by the CPU of the socket's latest delivery, which with several senders may not be the datagram's";
const LATEST =
  "this kernel's packets do not tell their CPU: the latest packet of the connection, or delivery to the socket, stands for each; tx is not known";
const MISLEADS =
  'rx by free misleads: since Linux 5.19 a packet that was read on another CPU is sent back, to be freed where it was allocated: nearly 100 % whatever readers do; since 6.19 drivers do so with tx';
const READ_FREES = 'TCP segments that the reader frees at once pass no tracepoint: they are not counted';
const COPIES =
  'tx of TCP: the copies that the driver gave back; tracepoints do not see an ACK free a segment';
const SENDER = 'lo and veth: the CPU that made a packet is its sender, and tx of UDP is rx';

type Way = readonly [name: string, file: string, needs: readonly string[], ...notes: string[]];
const ALLOC_CPU = ['sk_buff.alloc_cpu'];
const NO_ALLOC_CPU = 'incoming-cpu';

/** A kernel without alloc_cpu (before 5.19) has the last way only. */
const BY_USE: readonly Way[] = [
  ['fentry', 'skb.fentry.bt', ALLOC_CPU, READ, ACKED, SENDER],
  ['kprobe', 'skb.kprobe.bt', ALLOC_CPU, READ, ACKED, SENDER],
  ['rawtracepoint', 'skb.rawtracepoint.bt', ALLOC_CPU, READ, DELIVERED, GIVEN_BACK, SENDER],
  ['tracepoint', 'skb.tracepoint.bt', ALLOC_CPU, READ, DELIVERED, GIVEN_BACK, SENDER],
  [NO_ALLOC_CPU, 'skb.incoming-cpu.bt', [], READ, LATEST],
];
const BY_FREE: readonly Way[] = [
  ['fentry', 'skb-free.fentry.bt', ALLOC_CPU, MISLEADS, READ_FREES, SENDER],
  ['tracepoint', 'skb-free.tracepoint.bt', ALLOC_CPU, MISLEADS, READ_FREES, COPIES, SENDER],
];

/** The best first. */
export function skbVariants(
  { by, filter, toDriver }: SkbQuestion,
  { bpftrace, btf }: Pick<Capabilities, 'bpftrace' | 'btf'>,
): Variant[] {
  const fileOf = (file: string) =>
    file === 'skb.fentry.bt' && !hasRawTracepoints(bpftrace) ? 'skb.kfunc.bt' : file;
  const more = toDriver ? readProbe('skb-to-driver.bt') : '';
  return (by === 'free' ? BY_FREE : BY_USE).map(([name, file, fields, ...notes]) => ({
    name,
    program: withDriver(withFlushes(readProbe(fileOf(file)), btf), more),
    fields,
    notes: [...notes, ...filterNotes(name, filter)],
  }));
}

/** An ACK or an interrupt that ends a packet's way comes in the context of any process. */
export const countsTx = (variant: string, { pid, comm }: Filter): boolean =>
  variant !== NO_ALLOC_CPU && pid === null && comm === null;

function filterNotes(variant: string, filter: Filter): string[] {
  if (variant === NO_ALLOC_CPU) return [];
  if (!countsTx(variant, filter))
    return ['no tx: an ACK or an interrupt ends it in the context of whatever process'];
  return filter.port === null
    ? []
    : ['tx of this port: UDP only; an ACK that frees a TCP segment does not tell its port'];
}

/**
 * Where packets can be sent back to be freed, that freeing is left out. The probes have the two expressions in
 * comments: one that the kernel lacks would end bpftrace.
 */
function withFlushes(program: string, btf: Btf | null): string {
  const known =
    btf?.hasFunction('skb_defer_free_flush') && btf.hasMember('trace_event_raw_consume_skb.location');
  return known ? program.replace(/\(uint64\)0; \/\* (\S+(?: \S+)*) \*\//g, '$1;') : program;
}

const withDriver = (program: string, more: string): string =>
  more === '' ? program : `${program.replace('\ttime(', '\tprint(@driver);\n\ttime(')}\n${more}`;
