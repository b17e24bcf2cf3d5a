/**
 * The only door to the machine. Everything above reads through these interfaces, so that a captured
 * tree (`--root DIR`) can stand in for the live kernel.
 */
import type { SystemError } from './errors.ts';

/** Files under a root: `/` on the live machine, DIR of a captured tree. Paths are absolute, as on the machine. */
export interface Files {
  readonly root: string;
  /** Contents, or null when the file is absent or can't be read (then it is in `denied`). Never throws. */
  text(path: string): string | null;
  /** Entry names, unsorted; [] when absent or unreadable. */
  list(path: string): readonly string[];
  /** Target of a symbolic link as stored, or null. */
  link(path: string): string | null;
  /** Absolute path after following links, without the root prefix; null when absent. */
  real(path: string): string | null;
  exists(path: string): boolean;
  /** What is there but refused to be read. */
  readonly denied: readonly { readonly path: string; readonly code: string }[];
}

/** One socket of an inet_diag dump (TCP listeners; every UDP socket). */
export interface DiagSocket {
  readonly protocol: 'tcp' | 'udp';
  readonly family: 4 | 6;
  /** Local address in text, `0.0.0.0`, `::1`; never with brackets. */
  readonly address: string;
  readonly port: number;
  /** UDP only: a connected socket has a peer port other than 0. */
  readonly peerAddress: string;
  readonly peerPort: number;
  /** Interface index of SO_BINDTODEVICE, 0 when unbound. */
  readonly ifindex: number;
  readonly inode: number;
  /** Socket cookie, unsigned 64 bit. */
  readonly cookie: bigint;
  readonly uid: number;
  /** TCP listener: connections waiting for accept. UDP: bytes in the receive queue. */
  readonly recvQueue: number;
  /** TCP listener: the backlog. */
  readonly sendQueue: number;
  /** INET_DIAG_SKV6ONLY; null for IPv4 or where the kernel does not say. */
  readonly v6only: boolean | null;
  /** SK_MEMINFO_DROPS. */
  readonly drops: number | null;
}

export interface ChannelCounts {
  readonly rx: number;
  readonly tx: number;
  readonly combined: number;
  readonly other: number;
}

/** Answers of SIOCETHTOOL for one interface; null where the driver does not answer that question. */
export interface EthtoolFacts {
  readonly driver: {
    readonly driver: string;
    readonly version: string;
    readonly firmware: string;
    readonly busInfo: string;
  } | null;
  readonly channels: { readonly current: ChannelCounts; readonly max: ChannelCounts } | null;
  readonly rings: {
    readonly rx: { readonly current: number; readonly max: number };
    readonly tx: { readonly current: number; readonly max: number };
  } | null;
  readonly rss: {
    /** Table entry -> queue. */
    readonly indirection: readonly number[];
    /** Raw key bytes, empty when the driver shows none. */
    readonly key: Uint8Array;
    /** toeplitz, xor, crc32, or null when the driver does not say. */
    readonly hashFunction: string | null;
    /** none, symmetric-xor, symmetric-or-xor, or null for one that has no name yet. Before Linux 6.8 always none. */
    readonly inputXfrm: string | null;
  } | null;
  /** ethtool's rx-flow-hash letters (`sdfn`), null when not answered. */
  readonly hashFields: {
    readonly tcp4: string | null;
    readonly udp4: string | null;
    readonly tcp6: string | null;
    readonly udp6: string | null;
  };
  readonly ntupleRules: number | null;
  /** Those rules; null where the driver does not list them. */
  readonly rules: readonly NtupleRule[] | null;
  /** Additional RSS contexts; null where the kernel can't list them. */
  readonly rssContexts: readonly RssContext[] | null;
}

/** A field of a packet that a rule compares: `packet & mask` with `value & mask`. */
export interface NtupleMatch<T> {
  readonly value: T;
  readonly mask: T;
}

/** One ntuple rule (`ethtool -n`). Where several match a packet, most drivers take the lowest location. */
export interface NtupleRule {
  readonly location: number;
  /** tcp4, udp4, sctp4, ip4, tcp6, udp6, sctp6, ip6; `type N` for another (Ethernet, IPsec). */
  readonly flow: string;
  /** IP addresses in text, with a mask in the same form; null: any. */
  readonly source: NtupleMatch<string> | null;
  readonly destination: NtupleMatch<string> | null;
  readonly sourcePort: NtupleMatch<number> | null;
  readonly destinationPort: NtupleMatch<number> | null;
  /** IP protocol of ip4 and ip6. */
  readonly protocol: NtupleMatch<number> | null;
  /** It looks at more (MAC, VLAN, TOS, payload, another type): whether a flow matches can't be told from the fields above. */
  readonly partial: boolean;
  /** `context`: the table of an RSS context picks the queue; `vf`: the packet goes to a virtual function. */
  readonly action: 'queue' | 'context' | 'drop' | 'vf';
  /** With `context`, what is added to the entry of its table; null with `drop` and `vf`. */
  readonly queue: number | null;
  readonly context: number | null;
}

/** An RSS context beside the main one. */
export interface RssContext {
  readonly context: number;
  /** Table entry -> queue; empty where the kernel does not say. */
  readonly indirection: readonly number[];
  /** Raw key bytes, empty when it is not shown. */
  readonly key: Uint8Array;
  /** As in `EthtoolFacts.rss`. */
  readonly hashFunction: string | null;
}

/** One queue from the kernel's netdev generic netlink family (6.8 and later). */
export interface NetdevQueue {
  readonly id: number;
  readonly type: 'rx' | 'tx';
  readonly napiId: number | null;
  /** Only where the driver called netif_napi_set_irq. */
  readonly irq: number | null;
  /** The kernel thread that runs the NAPI instance; null where the softirq does. */
  readonly pid: number | null;
}

export interface SocketKind {
  /** AF_INET 2, AF_INET6 10, … */
  readonly domain: number;
  /** SOCK_STREAM 1, SOCK_DGRAM 2, … */
  readonly type: number;
  /** IPPROTO_TCP 6, IPPROTO_UDP 17, … */
  readonly protocol: number;
  readonly reuseport: boolean;
  readonly listening: boolean;
  /** SO_INCOMING_CPU; -1 when unset. */
  readonly incomingCpu: number;
}

export interface LocalAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

/** Which descriptor of which process, and what to do with the copy of it. */
export interface BorrowRequest {
  readonly pid: number;
  readonly fd: number;
  /** Of the socket that is meant: ENXIO for any other. null: whatever it is. */
  readonly cookie: bigint | null;
  /** For a tracepoint to see: getpriority(nonce << 16 | copy, token << 16 | index) for each index. */
  readonly mark?: { readonly nonce: number; readonly token: number; readonly indices: readonly number[] };
}

/** What a socket of another process is. */
export interface ForeignSocket extends SocketKind {
  readonly inode: number;
  readonly cookie: bigint;
  /** Cookie of its network namespace; null where that was not asked, and before Linux 5.14. */
  readonly netns: bigint | null;
  /** As in include/net/tcp_states.h: 1 established, 7 closed, 10 listening; null for what is not TCP. */
  readonly tcpState: number | null;
  /** null for a socket that is neither IPv4 nor IPv6. */
  readonly local: LocalAddress | null;
}

/** Questions that need system calls. A captured tree has none of this. Errors are SystemError (code, errno, syscall). */
export interface Kernel {
  /** Listening TCP sockets and all UDP sockets of this network namespace, IPv4 and IPv6. */
  sockets(): Promise<readonly DiagSocket[]>;
  ethtool(device: string): Promise<EthtoolFacts>;
  /** Driver statistics (`ethtool -S`) by name; null where the driver has none. */
  statistics(device: string): Promise<ReadonlyMap<string, bigint> | null>;
  /** null where the kernel has no netdev family (before 6.8). */
  netdevQueues(ifindex: number): Promise<readonly NetdevQueue[] | null>;
  /** CPUs a thread may run on. Throws ESRCH when it has gone. */
  affinity(tid: number): readonly number[];
  /**
   * Sockets of other processes, each by a copy that a child process holds for microseconds: one held while a worker dies
   * would keep that worker's socket in its group. One answer for each request: ESRCH (no such process), EBADF (no such fd),
   * EPERM (ptrace access refused), ENOTSOCK, ENXIO (another socket), ETIMEDOUT (its owner makes the kernel wait).
   * Throws Failure descriptor-silent: too many of its children hang.
   */
  borrow(requests: readonly BorrowRequest[]): Promise<readonly (ForeignSocket | SystemError)[]>;
}

export interface System {
  readonly files: Files;
  /** null when `files` is a captured tree. */
  readonly kernel: Kernel | null;
}
