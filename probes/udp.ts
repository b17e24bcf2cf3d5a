/** Are datagrams read on the CPU that delivered them? */
import { FENTRY, type FunctionHooks, KPROBE, TRACEPOINT, type TracepointHooks } from './hooks.ts';
import { begin, clearAtEnd, type Holes, printEvery, script, wantedBy } from './text.ts';

export type UdpScript = 'fentry' | 'kprobe' | 'tracepoint';

const HOOKS: Readonly<Record<UdpScript, Pick<FunctionHooks | TracepointHooks, 'delivered' | 'udpRead'>>> = {
  fentry: FENTRY,
  kprobe: KPROBE,
  tracepoint: TRACEPOINT,
};

export function udpScript(which: UdpScript, holes: Holes): string {
  const { delivered, udpRead } = HOOKS[which];
  return script(header(which), [
    begin('Tracing datagrams ... Hit Ctrl-C to end.'),
    `${delivered.at}
${delivered.filter === undefined ? '' : `/${delivered.filter}/\n`}{
	$sk = ${delivered.sk};
	if ($2 == 0 || (uint64)$sk->__sk_common.skc_num == $2) {
		@delivered[(uint64)$sk] = cpu + 1;
	}
}
`,
    `${udpRead.at}
/${udpRead.filter}
    && ${wantedBy(holes)}/
{
	$sk = ${udpRead.sk};
	$port = (uint64)$sk->__sk_common.skc_num;
	if ($2 == 0 || $port == $2) {
		$file = (struct socket_alloc *)$sk->sk_socket;
		@reads[$file->vfs_inode.i_ino, $port, pid, tid,
		    @delivered[(uint64)$sk], cpu]++;
	}
}
`,
    printEvery(holes, ['reads']),
    clearAtEnd('delivered'),
  ]);
}

/** Also part of the slots probe. */
export const UDP_READS = `${TRACEPOINT.udpRead.at}
/${TRACEPOINT.udpRead.filter}/
{
	$sk = ${TRACEPOINT.udpRead.sk};
	if ((uint64)$sk->sk_reuseport_cb != 0) {
		$file = (struct socket_alloc *)$sk->sk_socket;
		@packets[$file->vfs_inode.i_ino] = count();
	}
}
`;

export const udpReadsScript = (): string =>
  script(
    `udp-reads.bt - datagrams read from each reuseport UDP socket, by inode.

Example of usage:

# bpftrace udp-reads.bt
^C
@packets[52341]: 23
@packets[52342]: 1044

Counts what the server reads, not what arrives: it leaves out peeks
(MSG_PEEK), the error queue (MSG_ERRQUEUE) and failed reads. An empty
datagram counts, and a UDP_GRO read of several datagrams counts once.
Kernel 6.3 and later with BTF.`,
    [UDP_READS],
  );

const header = (
  which: UdpScript,
): string => `udp.${which}.bt - are datagrams read on the CPU that delivered them?

Usage: bpftrace udp.${which}.bt [PID [PORT [COMM]]]
0 or "" matches any.

Example of usage:

# bpftrace udp.${which}.bt 0 8125
Tracing datagrams ... Hit Ctrl-C to end.
@reads[52341, 8125, 29333, 29340, 2, 0]: 2003
@reads[52342, 8125, 29333, 29341, 2, 1]: 1044

The keys are: the socket's inode, its port, pid and tid of the reader, CPU
that put the socket's latest datagram into its queue + 1 (0: before the
probe began), CPU that reads. Here CPU 1 delivered all datagrams. Thread
29341 reads on CPU 1, thread 29340 on CPU 0. The counts are totals since the
start.

The delivering CPU is that of the socket's latest datagram. With several
senders and a queue it may not be that of the datagram that is read. Because
@reads has the CPU as a key, no two CPUs write one entry, and ++ is exact.
${which === 'tracepoint' ? BY_TRACEPOINT : BY_FUNCTION}
Needs ${NEEDS[which]}.`;

const BY_TRACEPOINT = `Counts what is read, not what arrives: it leaves out peeks (MSG_PEEK), the
error queue (MSG_ERRQUEUE) and failed reads. An empty datagram counts, and a
UDP_GRO read of several datagrams counts once.`;
const BY_FUNCTION = `skb_consume_udp() has a negative length when the reader only peeks. A peek
at an empty datagram counts as a read. A UDP_GRO read of several datagrams
counts once.`;
const NEEDS: Readonly<Record<UdpScript, string>> = {
  fentry: 'fentry (a stock kernel of 5.5 and later, on Arm 6.4) and BTF',
  kprobe: 'kprobes and BTF',
  tracepoint: 'tracepoints only; kernel 6.3 and later with BTF',
};
