/** How long do connections wait to be accepted, and datagrams or data to be read? */
import { begin, clearAtEnd, type Holes, printEvery, script } from './text.ts';

/** What waits: a connection in the accept queue, a datagram or TCP data in the queue of its socket. */
export type Waiting = 'connection' | 'datagram' | 'data';
export type WaitScript = 'fentry' | 'tracepoint';

/**
 * Buckets of waits. The first ones are 1 µs wide each, from 0. Then come ranges of BUCKETS each: a range leads to FACTOR
 * times the wait, in buckets that are FACTOR times as wide. The last range does not end.
 */
export const FIRST_BUCKETS = 64;
export const BUCKETS = 48;
export const FACTOR = 4;
const RANGES = 9;

export const waitScript = (waiting: Waiting, which: WaitScript, holes: Holes): string =>
  script(
    header(waiting, which),
    [
      begin(`Tracing waits of ${PLURAL[waiting]} ... Hit Ctrl-C to end.`),
      BEGINS[waiting][which],
      ENDS[waiting][which],
      waiting === 'datagram' ? '' : CLOSED,
      printEvery(holes, ['waits']),
      clearAtEnd('since'),
    ],
    { NSEC_PER_USEC: 1000, FIRST_BUCKETS, BUCKETS, FACTOR },
  );

const PLURAL: Readonly<Record<Waiting, string>> = {
  connection: 'connections',
  datagram: 'datagrams',
  data: 'data',
};

/** The wait of `$sk` is over. The kernel gives the address of a closed socket away again, so its port is compared. */
const OVER = `$since = @since[$sk];
	if ($since != 0) {
		delete(@since[$sk]);
		$port = (uint64)((struct sock *)$sk)->__sk_common.skc_num;
		if ($port == $1) {
			$us = (uint64)(nsecs - $since) / (uint64)NSEC_PER_USEC;
			$from = (uint64)0;
			$width = (uint64)1;
			$first = (uint64)0;
			$next = (uint64)FIRST_BUCKETS;
			unroll(${RANGES}) {
				if ($us >= $next) {
					$first = $first == 0 ? $next : $first + BUCKETS;
					$from = $next;
					$width = $width * FACTOR;
					$next = $next * FACTOR;
				}
			}
			@waits[$first + (uint64)($us - $from) / $width] = count();
		}
	}`;

const ESTABLISHED = `tracepoint:sock:inet_sock_set_state
/args->protocol == IPPROTO_TCP && args->oldstate == TCP_SYN_RECV
    && args->newstate == TCP_ESTABLISHED && args->sport == $1/
{
	@since[(uint64)args->skaddr] = nsecs;
}
`;

/** Without having been accepted, or read. */
const CLOSED = `tracepoint:sock:inet_sock_set_state
/args->protocol == IPPROTO_TCP && args->newstate == TCP_CLOSE
    && args->sport == $1/
{
	delete(@since[(uint64)args->skaddr]);
}
`;

/** Only of a queue that was empty: the wait of what came first. TCP is mostly read until there is nothing left. */
const delivered = (at: string, filter: string, sk: string): string => `${at}
${filter === '' ? '' : `/${filter}/\n`}{
	$sk = (uint64)${sk};
	$port = (uint64)((struct sock *)$sk)->__sk_common.skc_num;
	if ($port == $1 && @since[$sk] == 0) {
		@since[$sk] = nsecs;
	}
}
`;

/**
 * Datagrams are read one by one, from two queues (struct udp_sock, include/linux/udp.h): one that was read does not leave
 * them empty. @param queued how many are there then, if this one is the first
 */
const datagramDelivered = (at: string, filter: string, sk: string, queued: 0 | 1): string => `${at}
${filter === '' ? '' : `/${filter}/\n`}{
	$sk = (uint64)${sk};
	$port = (uint64)((struct sock *)$sk)->__sk_common.skc_num;
	if ($port == $1) {
		$queued = (uint64)((struct sock *)$sk)->sk_receive_queue.qlen
		    + (uint64)((struct udp_sock *)$sk)->reader_queue.qlen;
		if ($queued == ${queued} && @since[$sk] == 0) {
			@since[$sk] = nsecs;
		}
	}
}
`;

const read = (at: string, filter: string, sk: string): string => `${at}
/${filter}/
{
	$sk = (uint64)${sk};
	${OVER}
}
`;

const protocolOf = (name: string) => `args->protocol == ${name}`;
const READY = 'tracepoint:sock:sk_data_ready';
const readTracepoint = (protocol: string) =>
  read(
    'tracepoint:sock:sock_recv_length',
    `${protocolOf(protocol)} && args->ret >= 0\n    && (args->flags & (MSG_PEEK | MSG_ERRQUEUE)) == 0`,
    'args->sk',
  );

const BEGINS: Readonly<Record<Waiting, Readonly<Record<WaitScript, string>>>> = {
  connection: { fentry: ESTABLISHED, tracepoint: ESTABLISHED },
  datagram: {
    fentry: datagramDelivered('kfunc:__udp_enqueue_schedule_skb', '', 'args->sk', 0),
    // After it was queued. It may have been read by now.
    tracepoint: datagramDelivered(READY, protocolOf('IPPROTO_UDP'), 'args->skaddr', 1),
  },
  data: {
    fentry: delivered('kfunc:tcp_data_ready', '', 'args->sk'),
    tracepoint: delivered(READY, protocolOf('IPPROTO_TCP'), 'args->skaddr'),
  },
};

const ENDS: Readonly<Record<Waiting, Readonly<Record<WaitScript, string>>>> = {
  connection: {
    fentry: `kretfunc:inet_csk_accept
{
	$sk = (uint64)retval;
	${OVER}
}
`,
    // See accept.ts.
    tracepoint: `tracepoint:syscalls:sys_exit_accept,
tracepoint:syscalls:sys_exit_accept4
/args->ret >= 0/
{
	$fd = (uint64)args->ret;
	$task = (struct task_struct *)curtask;
	$slot = (uint64)$task->files->fdt->fd + $fd * POINTER_BYTES;
	$file = *(struct file **)$slot;
	$sk = (uint64)((struct socket *)$file->private_data)->sk;
	${OVER}
}
`,
  },
  datagram: {
    fentry: read('kfunc:skb_consume_udp', 'args->len >= 0', 'args->sk'),
    tracepoint: readTracepoint('IPPROTO_UDP'),
  },
  data: {
    fentry: read('kretfunc:tcp_recvmsg', 'retval >= 0', 'args->sk'),
    tracepoint: readTracepoint('IPPROTO_TCP'),
  },
};

const QUESTION: Readonly<Record<Waiting, string>> = {
  connection: 'how long do connections wait to be accepted?',
  datagram: 'how long do datagrams wait to be read?',
  data: 'how long does data wait to be read?',
};
const FROM: Readonly<Record<Waiting, string>> = {
  connection: `From the end of the handshake to the end of accept(). A connection that is
closed before it is accepted is not counted.`,
  datagram: `From the datagram that fills an empty queue to the next read of that
socket: how soon the reader comes. Later ones wait less.`,
  data: `From the segment that fills an empty queue to the next read of that
socket: how soon the reader comes.`,
};

const header = (
  waiting: Waiting,
  which: WaitScript,
): string => `wait-${waiting}.${which}.bt - ${QUESTION[waiting]}

Usage: bpftrace wait-${waiting}.${which}.bt PORT

Example of usage:

# bpftrace wait-${waiting}.${which}.bt 8080
Tracing waits of ${PLURAL[waiting]} ... Hit Ctrl-C to end.
@waits[17]: 2003
@waits[70]: 44

${FROM[waiting]}
The key is a bucket: below 64 it is the wait in microseconds. From then on
each 48 buckets lead to four times the wait: 64 to 111 are 4 us wide, and
lead from 64 to 256 us; 112 to 159 are 16 us wide, and so on. Here 44 waited
for 88 to 91 us. The counts are totals since the start.

Needs ${which === 'fentry' ? 'fentry (a stock kernel of 5.5 and later, on Arm 6.4) and BTF' : `tracepoints only; ${waiting === 'connection' ? 'every kernel' : 'kernel 6.3 and later'} with BTF`}.`;
