/**
 * Where each mechanism sees a packet in the kernel, and by which bpftrace expressions: `sk` is a struct sock, `skb` a
 * struct sk_buff.
 */

interface SkbHook {
  readonly at: string;
  readonly skb: string;
}

/** consume_skb: the driver frees a packet that was sent. */
export interface Completed extends SkbHook {
  /** The caller's address. */
  readonly location: string;
}

/** A datagram is put into the queue of its socket. */
interface Delivered {
  readonly at: string;
  readonly filter?: string;
  readonly sk: string;
  /** The cheapest number that identifies the socket. */
  readonly id: string;
}

/** A datagram is read. */
interface UdpRead extends Delivered {
  /** Excludes peeks, the error queue, and failures. */
  readonly filter: string;
  /** The datagram itself, if the mechanism shows it. */
  readonly skb?: string;
}

/** What kernel functions show. */
export interface FunctionHooks {
  /** Data is copied to a reader, also for TCP. */
  readonly copied: SkbHook;
  readonly delivered: Delivered;
  readonly udpRead: UdpRead & { readonly skb: string };
  /** A packet is freed; a TCP segment is when its ACK arrives. */
  readonly freed: SkbHook;
  /** A packet is returned to the CPU that allocated it, to be freed there. */
  readonly returned: SkbHook;
}

/** What tracepoints show. */
export interface TracepointHooks {
  readonly copied: SkbHook;
  readonly delivered: Delivered;
  readonly udpRead: UdpRead;
  readonly completed: Completed;
}

export const FENTRY: FunctionHooks = {
  copied: { at: 'kfunc:skb_copy_datagram_iter', skb: 'args->skb' },
  delivered: { at: 'kfunc:__udp_enqueue_schedule_skb', sk: 'args->sk', id: '(uint64)args->sk' },
  udpRead: {
    at: 'kfunc:skb_consume_udp',
    // The length is negative when the reader only peeks.
    filter: 'args->len >= 0',
    sk: 'args->sk',
    id: '(uint64)args->sk',
    skb: 'args->skb',
  },
  freed: { at: 'kfunc:__kfree_skb', skb: 'args->skb' },
  returned: { at: 'kfunc:skb_attempt_defer_free', skb: 'args->skb' },
};

export const KPROBE: FunctionHooks = {
  copied: { at: 'kprobe:skb_copy_datagram_iter', skb: '(struct sk_buff *)arg0' },
  delivered: { at: 'kprobe:__udp_enqueue_schedule_skb', sk: '(struct sock *)arg0', id: '(uint64)arg0' },
  udpRead: {
    at: 'kprobe:skb_consume_udp',
    filter: '(int32)arg2 >= 0',
    sk: '(struct sock *)arg0',
    id: '(uint64)arg0',
    skb: '(struct sk_buff *)arg1',
  },
  freed: { at: 'kprobe:__kfree_skb', skb: '(struct sk_buff *)arg0' },
  returned: { at: 'kprobe:skb_attempt_defer_free', skb: '(struct sk_buff *)arg0' },
};

export const TRACEPOINT: TracepointHooks = {
  copied: { at: 'tracepoint:skb:skb_copy_datagram_iovec', skb: '(struct sk_buff *)args->skbaddr' },
  delivered: {
    at: 'tracepoint:sock:sk_data_ready',
    filter: 'args->protocol == IPPROTO_UDP',
    sk: '(struct sock *)args->skaddr',
    id: '(uint64)args->skaddr',
  },
  udpRead: {
    at: 'tracepoint:sock:sock_recv_length',
    filter: `args->protocol == IPPROTO_UDP && args->ret >= 0
    && (args->flags & (MSG_PEEK | MSG_ERRQUEUE)) == 0`,
    sk: '(struct sock *)args->sk',
    id: '(uint64)args->sk',
  },
  completed: {
    at: 'tracepoint:skb:consume_skb',
    skb: '(struct sk_buff *)args->skbaddr',
    location: '(uint64)args->location',
  },
};

/**
 * The struct socket identifies the socket, because 0.27 types arg0 as a pointer, and the verifier refuses to calculate
 * with it.
 */
export const RAW_TRACEPOINT: TracepointHooks = {
  copied: { at: 'rawtracepoint:skb_copy_datagram_iovec', skb: '(struct sk_buff *)arg0' },
  delivered: {
    at: 'rawtracepoint:sk_data_ready',
    filter: '((struct sock *)arg0)->sk_protocol == IPPROTO_UDP',
    sk: '(struct sock *)arg0',
    id: '(uint64)((struct sock *)arg0)->sk_socket',
  },
  udpRead: {
    at: 'rawtracepoint:sock_recv_length',
    filter: `((struct sock *)arg0)->sk_protocol == IPPROTO_UDP && (int32)arg1 >= 0
    && (arg2 & (MSG_PEEK | MSG_ERRQUEUE)) == 0`,
    sk: '(struct sock *)arg0',
    id: '(uint64)((struct sock *)arg0)->sk_socket',
  },
  completed: { at: 'rawtracepoint:consume_skb', skb: '(struct sk_buff *)arg0', location: '(uint64)arg1' },
};
