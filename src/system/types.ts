/**
 * The only door to the machine. Everything above reads through these interfaces, so that a captured tree (`--root DIR`)
 * can replace the live kernel.
 */
import type { SystemError } from './errors.ts';

/** Files under a root: `/` on the live machine, DIR of a captured tree. Paths are absolute, as on the machine. */
export interface Files {
  readonly root: string;
  /** Contents; null if the file is absent or cannot be read (then it is in `denied`). Never throws. */
  text(path: string): string | null;
  /** Entry names, unsorted; [] if absent or unreadable. */
  list(path: string): readonly string[];
  /** Target of a symbolic link as stored, or null. */
  link(path: string): string | null;
  /** Absolute path after following links, without the root prefix; null if absent. */
  real(path: string): string | null;
  exists(path: string): boolean;
  /** Files that exist but could not be read. */
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
  /** Interface index of SO_BINDTODEVICE, 0 if unbound. */
  readonly ifindex: number;
  readonly inode: number;
  /** Socket cookie, unsigned 64 bit. */
  readonly cookie: bigint;
  readonly uid: number;
  /** TCP listener: connections waiting for accept. UDP: bytes in the receive queue. */
  readonly recvQueue: number;
  /** TCP listener: the backlog. */
  readonly sendQueue: number;
  /** INET_DIAG_SKV6ONLY; null for IPv4, or if the kernel does not say. */
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

/** Answers of SIOCETHTOOL for one interface; null if the driver does not answer that request. */
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
    /** Raw key bytes; empty if the driver shows none. */
    readonly key: Uint8Array;
    /** toeplitz, xor, crc32; null if the driver does not say. */
    readonly hashFunction: string | null;
    /** none, symmetric-xor, symmetric-or-xor, null for one without a name. Before Linux 6.8 always none. */
    readonly inputXfrm: string | null;
  } | null;
  /** ethtool's rx-flow-hash letters (`sdfn`), null if not answered. */
  readonly hashFields: {
    readonly tcp4: string | null;
    readonly udp4: string | null;
    readonly tcp6: string | null;
    readonly udp6: string | null;
  };
  readonly ntupleRules: number | null;
  /** Those rules; null if the driver does not list them. */
  readonly rules: readonly NtupleRule[] | null;
  /** Additional RSS contexts; null if the kernel cannot list them. */
  readonly rssContexts: readonly RssContext[] | null;
}

/** A field of a packet that a rule compares: `packet & mask` with `value & mask`. */
export interface NtupleMatch<T> {
  readonly value: T;
  readonly mask: T;
}

/** One ntuple rule (`ethtool -n`). If several match a packet, most drivers use the lowest location. */
export interface NtupleRule {
  readonly location: number;
  /**
   * tcp4, udp4, sctp4, ip4, tcp6, udp6, sctp6, ip6; `ether 0x88f7` by the type in the Ethernet header, `ether` without a
   * type; `type N` for another (IPsec).
   */
  readonly flow: string;
  /** IP addresses in text, with a mask in the same form; null: any. */
  readonly source: NtupleMatch<string> | null;
  readonly destination: NtupleMatch<string> | null;
  readonly sourcePort: NtupleMatch<number> | null;
  readonly destinationPort: NtupleMatch<number> | null;
  /** IP protocol of ip4 and ip6. */
  readonly protocol: NtupleMatch<number> | null;
  /**
   * It matches more (MAC, VLAN, TOS, payload, another type), so the fields above do not show whether a flow matches.
   */
  readonly partial: boolean;
  /** `context`: the table of an RSS context picks the queue; `vf`: the packet goes to a virtual function. */
  readonly action: 'queue' | 'context' | 'drop' | 'vf';
  /** With `context`, the number that is added to the entry of its table; null with `drop` and `vf`. */
  readonly queue: number | null;
  readonly context: number | null;
}

/** An RSS context other than the main one. */
export interface RssContext {
  readonly context: number;
  /** Table entry -> queue; empty if the kernel does not say. */
  readonly indirection: readonly number[];
  /** Raw key bytes; empty if not shown. */
  readonly key: Uint8Array;
  /** As in `EthtoolFacts.rss`. */
  readonly hashFunction: string | null;
}

/** One queue from the kernel's netdev generic netlink family (6.8 and later). */
export interface NetdevQueue {
  readonly id: number;
  readonly type: 'rx' | 'tx';
  readonly napiId: number | null;
  /** Only if the driver called netif_napi_set_irq. */
  readonly irq: number | null;
  /** The kernel thread that runs the NAPI instance; null if the softirq does. */
  readonly pid: number | null;
}

/** A NAPI instance from the same family; veth's queues, for example, do not name theirs. */
export interface NetdevNapi {
  readonly id: number;
  /** As in {@link NetdevQueue}. */
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
  /** SO_INCOMING_CPU; -1 if unset. */
  readonly incomingCpu: number;
}

export interface LocalAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly port: number;
}

/** A descriptor of a process, and what to do with its copy. */
export interface BorrowRequest {
  readonly pid: number;
  readonly fd: number;
  /** Cookie of the intended socket: ENXIO for any other. null: any socket. */
  readonly cookie: bigint | null;
  /** For a tracepoint to see: getpriority(nonce << 16 | copy, token << 16 | index) for each index. */
  readonly mark?: { readonly nonce: number; readonly token: number; readonly indices: readonly number[] };
}

/** The facts of a socket of another process. */
export interface ForeignSocket extends SocketKind {
  readonly inode: number;
  readonly cookie: bigint;
  /** Cookie of its network namespace; null if it was not requested, and before Linux 5.14. */
  readonly netns: bigint | null;
  /** As in include/net/tcp_states.h: 1 established, 7 closed, 10 listening; null unless it is TCP. */
  readonly tcpState: number | null;
  /** null for a socket that is neither IPv4 nor IPv6. */
  readonly local: LocalAddress | null;
}

/** Queries that need system calls. A captured tree has none of these. Errors are SystemError (code, errno, syscall). */
/**
 * Four numbers for each descriptor that is a socket, an epoll set or an io_uring: pid, fd, kind (KIND of descriptors.ts), and the
 * inode of a socket. A process whose descriptors are refused has a row too, with the errno for the fd. By ascending pid.
 */
export type DescriptorTable = Uint32Array;

export interface Kernel {
  /** Listening TCP sockets and all UDP sockets of this network namespace, IPv4 and IPv6. */
  sockets(): Promise<readonly DiagSocket[]>;
  /** Of all processes that /proc shows. */
  descriptors(): Promise<DescriptorTable>;
  ethtool(device: string): Promise<EthtoolFacts>;
  /** Driver statistics (`ethtool -S`) by name; null if the driver has none. */
  statistics(device: string): Promise<ReadonlyMap<string, bigint> | null>;
  /** null if the kernel has no netdev family (before 6.8). */
  netdevQueues(ifindex: number): Promise<readonly NetdevQueue[] | null>;
  /** Likewise. */
  netdevNapis(ifindex: number): Promise<readonly NetdevNapi[] | null>;
  /** CPUs a thread may run on. Throws ESRCH if it is gone. */
  affinity(tid: number): readonly number[];
  /**
   * Sockets of other processes, each by a copy that a child process holds for microseconds: a copy held while a worker
   * dies would keep that worker's socket in its group. One answer per request: ESRCH (no such process), EBADF (no such
   * fd), EPERM (ptrace access refused), ENOTSOCK, ENXIO (another socket), ETIMEDOUT (its owner makes the kernel wait).
   * Throws Failure descriptor-silent: too many of its children hang.
   */
  borrow(requests: readonly BorrowRequest[]): Promise<readonly (ForeignSocket | SystemError)[]>;
}

export interface System {
  readonly files: Files;
  /** null if `files` is a captured tree. */
  readonly kernel: Kernel | null;
}
