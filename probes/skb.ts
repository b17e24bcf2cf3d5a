/** Are packets read on the CPU that received them, and freed on the CPU that sent them? One script per mechanism. */
import {
  type Completed,
  FENTRY,
  type FunctionHooks,
  KPROBE,
  RAW_TRACEPOINT,
  TRACEPOINT,
  type TracepointHooks,
} from './hooks.ts';
import { countAndPrint, type DriverHoles } from './skb-to-driver.ts';
import { begin, clearAtEnd, type Holes, noProcess, script, wantedBy } from './text.ts';

export interface SkbHoles extends DriverHoles {
  /** The kernel has skb_defer_free_flush, and consume_skb shows its caller. */
  readonly flushes: boolean;
}

/** `fentry` needs the raw tracepoints of bpftrace 0.23; `kfunc` is the same without them. */
export type SkbScript = 'fentry' | 'kfunc' | 'kprobe' | 'rawtracepoint' | 'tracepoint' | 'incoming-cpu';

/** In @tx: the packet was freed on another CPU than the one that sent it, and which one is not known. */
export const ANOTHER_CPU = 65_535;

const NUMBERS = {
  ANOTHER_CPU,
  // skb_defer_free_flush() is shorter.
  FLUSH_BYTES: 1024,
  // @ready has 4,096 entries, by the address of the socket, the last 6 bits of which are the same for all. An entry has
  // the CPU in its last 13 bits and 51 bits of the address above them.
  READY_MASK: 4095,
  ID_SHIFT: 6,
  CPU_BITS: 13,
  CPU_MASK: 8191,
  ID_MASK: '0x7ffffffffffff',
};

export const skbScript = (which: SkbScript, holes: SkbHoles): string => {
  const { maps, hooks } = WAYS[which];
  return script(
    header(which),
    [
      begin('Tracing the CPUs of packets ... Hit Ctrl-C to end.'),
      ...hooks(holes),
      ...countAndPrint(holes, maps),
      maps.includes('unknown') ? clearAtEnd('ready') : '',
    ],
    NUMBERS,
  );
};

interface Way {
  readonly maps: readonly string[];
  readonly hooks: (holes: SkbHoles) => readonly string[];
}

const WAYS: Readonly<Record<SkbScript, Way>> = {
  fentry: byFunctions(FENTRY, RAW_TRACEPOINT.completed),
  kfunc: byFunctions(FENTRY, TRACEPOINT.completed),
  kprobe: byFunctions(KPROBE, TRACEPOINT.completed),
  rawtracepoint: byTracepoints(RAW_TRACEPOINT),
  tracepoint: byTracepoints(TRACEPOINT),
  'incoming-cpu': {
    maps: ['rx', 'unknown'],
    hooks: (holes) => [
      tcpRead(TRACEPOINT.copied, '$sk->__sk_common.skc_incoming_cpu', holes),
      delivery(KPROBE.delivered),
      readAfterDelivery(KPROBE.udpRead, holes),
    ],
  },
};

function byFunctions(functions: FunctionHooks, completed: Completed): Way {
  const hooks = (holes: SkbHoles) => [
    tcpRead(functions.copied, '$skb->alloc_cpu', holes),
    udpRead(functions.udpRead, holes),
    acked(functions.freed, holes),
    completion(completed, '/* counted by the CPU that returned it */', '', holes),
    returned(functions.returned, holes),
  ];
  return { maps: ['rx', 'tx'], hooks };
}

function byTracepoints(tracepoints: TracepointHooks): Way {
  const hooks = (holes: SkbHoles) => [
    tcpRead(tracepoints.copied, '$skb->alloc_cpu', holes),
    delivery(tracepoints.delivered),
    readAfterDelivery(tracepoints.udpRead, holes),
    completion(
      tracepoints.completed,
      '@tx[$skb->alloc_cpu, ANOTHER_CPU] = count();',
      '($2 == 0 && $skb->fclone == SKB_FCLONE_CLONE)\n\t\t    || ',
      holes,
    ),
  ];
  return { maps: ['rx', 'tx', 'unknown'], hooks };
}

const tcpRead = ({ at, skb }: FunctionHooks['copied'], receivingCpu: string, holes: Holes) => `${at}
/${wantedBy(holes)}/
{
	$skb = ${skb};
	$sk = $skb->sk;
	/* neither packet sniffers nor tun */
	if ($skb->skb_iif != 0 && $sk->sk_protocol == IPPROTO_TCP
	    && $sk->sk_type == SOCK_STREAM
	    && ($2 == 0 || $sk->__sk_common.skc_num == $2)) {
		@rx[${receivingCpu}, cpu] = count();
	}
}
`;

const udpRead = (
  { at, filter, sk, skb }: FunctionHooks['udpRead'],
  holes: Holes,
) => `/* The length is negative when the reader only peeks. */
${at}
/${filter}
    && ${wantedBy(holes)}/
{
	$sk = ${sk};
	$skb = ${skb};
	if ($2 == 0 || $sk->__sk_common.skc_num == $2) {
		@rx[$skb->alloc_cpu, cpu] = count();
	}
}
`;

const delivery = ({ at, filter, id }: TracepointHooks['delivered']) => `/*
 * An entry holds the latest of the sockets that share it, and the CPU of its
 * delivery. Entries rarely change, and reading one costs less than writing.
 */
${at}
${filter === undefined ? '' : `/${filter}/\n`}{
	$id = ${id};
	$ready = ($id << CPU_BITS) | cpu;
	if (@ready[($id >> ID_SHIFT) & READY_MASK] != $ready) {
		@ready[($id >> ID_SHIFT) & READY_MASK] = $ready;
	}
}
`;

const readAfterDelivery = ({ at, filter, sk, id }: TracepointHooks['udpRead'], holes: Holes) => `${at}
/${filter}
    && ${wantedBy(holes)}/
{
	$sk = ${sk};
	$id = ${id};
	$ready = @ready[($id >> ID_SHIFT) & READY_MASK];
	if ($2 == 0 || $sk->__sk_common.skc_num == $2) {
		if ((($ready >> CPU_BITS) & ID_MASK) == ($id & ID_MASK)) {
			@rx[$ready & CPU_MASK, cpu] = count();
		} else {
			@unknown = count();
		}
	}
}
`;

const acked = (
  { at, skb }: FunctionHooks['freed'],
  holes: Holes,
) => `/* the segment itself, of which copies were sent */
${at}
/${noProcess(holes)} && $2 == 0/
{
	$skb = ${skb};
	if ($skb->fclone == SKB_FCLONE_ORIG) {
		@tx[$skb->alloc_cpu, cpu] = count();
	}
}
`;

const completion = (
  { at, skb, location }: Completed,
  whenFlushed: string,
  orElse: string,
  holes: SkbHoles,
) => `${at}
/${noProcess(holes)}/
{
${ifSent(
  skb,
  orElse,
  `$at = ${ifKnown(holes, location)}
			$flush = ${ifKnown(holes, 'kaddr("skb_defer_free_flush")')}
			if ($at > $flush && $at < $flush + FLUSH_BYTES) {
				${whenFlushed}
			} else {
				@tx[$skb->alloc_cpu, cpu] = count();
			}`,
)}}
`;

/** bpftrace would fail on a kernel that lacks the function or argument. */
const ifKnown = ({ flushes }: SkbHoles, expression: string): string =>
  flushes ? `${expression};` : `(uint64)0; /* ${expression} */`;

const returned = ({ at, skb }: FunctionHooks['returned'], holes: Holes) => `${at}
/${noProcess(holes)}/
{
${ifSent(skb, '', '@tx[$skb->alloc_cpu, cpu] = count();')}}
`;

/** Runs `then` for a sent UDP datagram from PORT ($2); `orElse` is a condition that admits other sent packets, too. */
const ifSent = (skb: string, orElse: string, then: string) => `	$skb = ${skb};
	if ($skb->skb_iif == 0) {
		$ip = (uint64)$skb->head + $skb->network_header;
		$udp = (uint64)$skb->head + $skb->transport_header;
		/* protocol and port are in network byte order */
		if (${orElse}((($skb->protocol == ETH_P_IP
			&& *(uint8 *)($ip + IPHDR_PROTOCOL) == IPPROTO_UDP)
		    || ($skb->protocol == ETH_P_IPV6
			&& *(uint8 *)($ip + IPV6HDR_NEXTHDR) == IPPROTO_UDP))
		    && ($2 == 0 || *(uint16 *)$udp
			== (uint16)((($2 & 0xff) << 8) | ($2 >> 8))))) {
			${then}
		}
	}
`;

/** Tracepoints do not show which packet is read from a UDP socket. */
const header = (which: SkbScript): string => {
  const { maps } = WAYS[which];
  const [hasTx, isExact] = [maps.includes('tx'), !maps.includes('unknown')];
  return `skb.${which}.bt - are packets read on the CPU that received them?

Usage: bpftrace skb.${which}.bt [PID [PORT [COMM]]]
0 or "" matches any. PORT is the local one.${hasTx ? FILTERED_TX : ''}

Example of usage:

# bpftrace skb.${which}.bt
Tracing the CPUs of packets ... Hit Ctrl-C to end.
@rx[0, 1]: 1009
@rx[1, 1]: 31
${hasTx ? '@tx[1, 1]: 977\n' : ''}13:37:02

Each second it prints the totals since the start. @rx is keyed by the CPU
that received a packet and the CPU that read it: 1009 packets that CPU 0
received were read on CPU 1.${hasTx ? KEYS_OF_TX : ''}

rx: data that is copied to a TCP or UDP reader. A TCP segment that is read
  in two parts counts twice, merged segments (GRO, coalescing) count once,
  bare ACKs never. Zerocopy, splice and kTLS are not seen.
${isExact ? EXACT_TX : hasTx ? TRACEPOINT_TX : NO_TX}

${ABOUT[which]}${hasTx ? FLUSHES : ''}`;
};

const FILTERED_TX = ` PID and COMM filter rx,
and turn tx off: an ACK or an interrupt frees a packet in the context of any
process. PORT filters rx and the tx of UDP, and turns the tx of TCP off.`;
const KEYS_OF_TX = ` @tx is keyed by the CPU that sent a packet and
the CPU that freed it: CPU 1 sent 977 packets that were freed on CPU 1. The
first CPU of each is skb->alloc_cpu.`;
const LOOPBACK = `
On loopback and veth the receiving CPU is the sender's, and UDP has no tx:
the datagram that is sent is the one that is received.`;
const EXACT_TX = `tx: TCP segments when their ACK frees them, SYN and FIN too; UDP datagrams
  when the driver frees them. Since 6.19 drivers return packets to the CPU
  that sent them, which then frees them. Such a packet counts on the CPU
  that returned it.
${LOOPBACK}`;
const TRACEPOINT_TX = `  UDP: the CPU of the socket's latest delivery stands for the CPU that
  received the datagram. @unknown: that delivery was not seen.
tx: UDP datagrams and TCP segments when the driver frees them. Only
  skb.fentry.bt and skb.kprobe.bt see where an ACK frees a TCP segment.
  @tx[a, ${ANOTHER_CPU}]: freed by skb_defer_free_flush(). Since 6.19 drivers return
  packets to the CPU that sent them, which then frees them. Which other CPU
  returned them is not known.
${LOOPBACK}`;
const NO_TX = `The CPU of the connection's latest packet (SO_INCOMING_CPU) stands for the
segment's, that of the socket's latest delivery for the datagram's.
@unknown: that delivery was not seen. tx can't be measured.`;
const FLUSHES = `
By hand on 6.19 and later: replace the 0 of $at and $flush by the
expressions in the comments behind them, or tx reads too local. A kernel
whose drivers return packets has both. locality-tune fills them in.`;

const ABOUT: Readonly<Record<SkbScript, string>> = {
  fentry: `fentry and a raw tracepoint, the cheapest: bpftrace 0.23 and later; a stock
kernel of 5.19 and later (Arm: 6.4) with BTF.`,
  kfunc: `The same as skb.fentry.bt for bpftrace 0.17 to 0.22, which has no raw
tracepoints; a stock kernel of 5.19 and later (Arm: 6.4) with BTF.`,
  kprobe: `The same as skb.fentry.bt by kprobes, for kernels without fentry, at about
twice its cost. Kernel 5.19 and later with BTF.`,
  rawtracepoint: `For kernels without kprobes and fentry. Raw tracepoints, at 0.4 of the
cost of plain ones: bpftrace 0.23 and later. Kernel 6.3 and later with BTF.`,
  tracepoint: `For kernels without kprobes and fentry, and any bpftrace. Kernel 6.3 and
later with BTF.`,
  'incoming-cpu': 'For kernels before 5.19, which have no skb->alloc_cpu, with kprobes and BTF.',
};
