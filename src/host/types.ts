/**
 * The machine as one immutable value. `inspect --json` prints these names, so they are a contract:
 * add to them freely, rename nothing.
 *
 * `null` always means "not known"; the reason is in the nearest `notes`, or in `Host.notes`.
 */
import type { NtupleRule } from '../system/types.ts';
import type { Cpus } from './cpus.ts';

export type { NtupleMatch, NtupleRule } from '../system/types.ts';

export interface Host {
  readonly machine: Machine;
  readonly nics: readonly Nic[];
  readonly groups: readonly Group[];
  readonly lone: readonly LoneSocket[];
  /** One sentence each: what could not be read, and what would make it readable. */
  readonly notes: readonly string[];
}

export interface Machine {
  readonly hostname: string | null;
  /** Kernel release, as `uname -r` prints it. */
  readonly kernel: string | null;
  readonly arch: string | null;
  readonly distro: string | null;
  readonly cpus: {
    readonly online: Cpus;
    readonly isolated: Cpus;
    /** Every set of isolated CPUs, and what isolates it; null in a snapshot older than this field. */
    readonly isolation: readonly Isolation[] | null;
    /** One set per core with more than one thread. */
    readonly smtSiblings: readonly Cpus[];
    readonly numa: readonly { readonly node: number; readonly cpus: Cpus }[];
  };
  /** null after a quick reading, and in a captured tree without its files. */
  readonly processor: Processor | null;
  /** MemTotal; null as `processor` is. */
  readonly memoryBytes: number | null;
  /** Those that receive packets; null as `processor` is. Threads of threaded NAPI are with their NIC. */
  readonly kernelThreads: readonly KernelThread[] | null;
  readonly irqbalance: { readonly running: boolean | null; readonly bannedIrqs: readonly number[] | null };
  /** net.core.rps_sock_flow_entries; 0 means RFS is off. */
  readonly rpsSockFlowEntries: number | null;
}

/**
 * Isolated CPUs. `isolcpus` and `nohz_full` are the kernel's command line; `cpuset` is a separate partition in which
 * the scheduler still balances (cpuset.cpus.partition `root`); `cpuset-isolated` is one in which it does not.
 */
export interface Isolation {
  readonly source: 'isolcpus' | 'nohz_full' | 'cpuset' | 'cpuset-isolated';
  readonly cpus: Cpus;
  /** The cpuset's path below its root, `/system.slice/dpdk.service`. */
  readonly name: string | null;
}

/** A kernel thread that receives packets on the CPU that it is bound to. */
export interface KernelThread {
  readonly kind: 'cpumap' | 'ksoftirqd';
  readonly pid: number;
  /** `cpumap/3/map:7`, `ksoftirqd/3`. */
  readonly comm: string;
  readonly cpu: number;
  /** CPU time since it began; null if not readable. */
  readonly seconds: number | null;
}

export interface Processor {
  readonly model: string | null;
  readonly sockets: number | null;
  /** Physical cores of all sockets. */
  readonly cores: number | null;
  /** Summed over all instances. */
  readonly l2Bytes: number | null;
  readonly l3Bytes: number | null;
}

export interface ChannelCount {
  readonly current: number;
  readonly max: number;
}

export interface Channels {
  readonly rx: ChannelCount | null;
  readonly tx: ChannelCount | null;
  readonly combined: ChannelCount | null;
  readonly other: ChannelCount | null;
}

export interface Rss {
  /** toeplitz, xor, crc32 … as `ethtool -x` names them. */
  readonly hashFunction: string | null;
  /** input_xfrm: none, symmetric-xor, symmetric-or-xor; also none if the kernel is too old to say (before 6.8). */
  readonly inputXfrm: string | null;
  /**
   * Colon-separated hex, as `ethtool -x` prints it; for igb and igc, which print none, the kernel's key that they use.
   */
  readonly key: string | null;
  /** Queue of each table entry. */
  readonly indirection: readonly number[];
  /** The table equals `entry i -> queue i mod N`. It cannot be read whether a user has set the same bytes. */
  readonly isDefault: boolean | null;
  /** ethtool's rx-flow-hash letters for each flow type: `sdfn` is the 4-tuple, `sd` addresses only. */
  readonly fields: {
    readonly tcp4: string | null;
    readonly udp4: string | null;
    readonly tcp6: string | null;
    readonly udp6: string | null;
  };
  /** Additional RSS contexts; null if the kernel cannot list them. */
  readonly contexts: readonly number[] | null;
  /** Their tables, in the same order; null if the kernel cannot list them. */
  readonly contextTables: readonly RssContextTable[] | null;
  /** Number of ntuple rules that override RSS. */
  readonly ntupleRules: number | null;
  /** Those rules, by location; null if the driver does not list them. */
  readonly rules: readonly NtupleRule[] | null;
}

/** The table of an additional RSS context, to which an ntuple rule sends flows. */
export interface RssContextTable {
  readonly context: number;
  readonly hashFunction: string | null;
  /** In the form of `Rss.key`. */
  readonly key: string | null;
  /** Queue of each table entry; empty if not known. */
  readonly indirection: readonly number[];
}

export type IrqRole = 'rx' | 'tx' | 'rxtx' | 'other';

/** The source of an IRQ's queue, most reliable first. */
export type IrqSource = 'netdev' | 'msi_irqs' | 'hwirq' | 'proc_irq' | 'name';

export interface Irq {
  readonly irq: number;
  readonly name: string;
  readonly role: IrqRole;
  /** Indices of the RX and/or TX queues (by `role`) that it serves. */
  readonly queues: readonly number[];
  /** smp_affinity_list: where it may be delivered. */
  readonly affinity: Cpus | null;
  /** effective_affinity_list: where it is delivered. */
  readonly effective: Cpus | null;
  /** Interrupts since boot, one number per online CPU, in the order of `machine.cpus.online`. */
  readonly counts: readonly number[];
  readonly source: IrqSource;
}

/**
 * The source of a queue's `cpus`: the effective affinity, otherwise the CPUs that handled its interrupts, otherwise the
 * affinity.
 */
export type QueueCpusSource = 'effective' | 'counts' | 'affinity';

export interface RxQueue {
  readonly index: number;
  readonly irq: number | null;
  /** CPUs that run this queue's softirq; empty if not known. */
  readonly cpus: Cpus;
  readonly cpusSource: QueueCpusSource | null;
  /** rps_cpus; empty: RPS is off; null: not readable. */
  readonly rps: Cpus | null;
  readonly rfsFlows: number | null;
}

export interface TxQueue {
  readonly index: number;
  readonly irq: number | null;
  readonly cpus: Cpus;
  readonly cpusSource: QueueCpusSource | null;
  /** xps_cpus; empty: unset; null if the kernel has none (single queue), or it is not readable. */
  readonly xpsCpus: Cpus | null;
  readonly xpsRxqs: readonly number[] | null;
}

export interface Nic {
  readonly name: string;
  readonly driver: string | null;
  readonly busInfo: string | null;
  /** -1 if the firmware names no node. */
  readonly numaNode: number | null;
  readonly state: string | null;
  /** Lower devices of a bond, VLAN, bridge or macvlan; otherwise empty. */
  readonly lowerDevices: readonly string[];
  /** A port of a bond that the bond does not use now, such as the standby of active-backup; null in an older snapshot. */
  readonly standby: boolean | null;
  readonly threadedNapi: boolean | null;
  /** With threaded NAPI, the threads that receive; [] if none was found; null in a snapshot older than this field. */
  readonly napiThreads: readonly NapiThread[] | null;
  readonly channels: Channels | null;
  readonly rings: { readonly rx: ChannelCount; readonly tx: ChannelCount } | null;
  readonly rss: Rss | null;
  readonly irqs: readonly Irq[];
  readonly rxQueues: readonly RxQueue[];
  readonly txQueues: readonly TxQueue[];
  readonly notes: readonly string[];
}

/**
 * A kernel thread that runs a NIC's NAPI instance instead of the softirq; it receives on the CPUs on which it may run.
 */
export interface NapiThread {
  readonly pid: number;
  /** `napi/eth0-8193`; null if not readable. */
  readonly comm: string | null;
  readonly napi: number;
  /** Queues of that instance; empty before Linux 6.8, which is the first to report them. */
  readonly rx: readonly number[];
  readonly tx: readonly number[];
  readonly cpus: Cpus | null;
}

export type Protocol = 'tcp' | 'udp';
export type Selection = 'hash' | 'incoming_cpu' | 'cbpf' | 'ebpf';

export interface Program {
  readonly kind: 'cbpf' | 'ebpf';
  /** A program of ours (`locality-tune programs`), an eBPF program's own name, or null. */
  readonly name: string | null;
  /** Assembler text, one instruction per line; null for eBPF. */
  readonly asm: string | null;
  /** [code, jt, jf, k] of each instruction; null for eBPF. */
  readonly instructions: readonly (readonly [number, number, number, number])[] | null;
}

/**
 * How a serving process was found: the socket is in its epoll set, it blocks in a call on it, or it only holds the fd.
 */
export type OwnerVia = 'epoll' | 'syscall' | 'fd';

/** A container of a process. */
export interface Container {
  /** docker, containerd, cri-o, podman, lxc, machine (systemd-nspawn and virtual machines); null if not known. */
  readonly runtime: string | null;
  readonly id: string | null;
  /** Kubernetes' uid of the pod, or podman's id of it. */
  readonly pod: string | null;
  /** `web`, as its runtime calls it; null if not known, which needs root. */
  readonly name: string | null;
  /** `default/web-0`: Kubernetes' namespace and name of the pod. */
  readonly podName: string | null;
}

export interface Owner {
  readonly pid: number;
  /** The thread that waits on the socket; null if several threads could be it. */
  readonly tid: number | null;
  readonly comm: string;
  readonly fd: number;
  readonly via: OwnerVia;
  /** sched_getaffinity of that thread; null if not readable. */
  readonly cpus: Cpus | null;
  /** `nginx.service`, the systemd unit by its control group; null without a unit, or if not known. */
  readonly unit: string | null;
  readonly container: Container | null;
}

export interface GroupSocket {
  readonly inode: number;
  /** Index in the kernel's reuseport array. */
  readonly slot: number | null;
  readonly slotSource: 'kernel' | 'guess' | null;
  readonly owners: readonly Owner[];
  readonly holders: readonly { readonly pid: number; readonly fd: number }[];
  /** Union of the owners' CPUs; empty if not known. */
  readonly cpus: Cpus;
  /** TCP: connections waiting for accept. UDP: bytes waiting to be read. */
  readonly recvQueue: number | null;
  readonly drops: number | null;
  /** UDP: it has a peer, so it gets nothing from a new sender; null in a snapshot older than this field. */
  readonly connected: boolean | null;
  /** SO_INCOMING_CPU; null if unset or not known. */
  readonly incomingCpu: number | null;
  /** UDP: datagrams read from it during `Group.sampledSeconds`; null if not sampled. */
  readonly packets: number | null;
}

export interface Group {
  /** `tcp 0.0.0.0:8080`, `udp [::]%eth1:443`; followed by ` group 2` and so on if the kernel has more groups. */
  readonly id: string;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** SO_BINDTODEVICE. */
  readonly device: string | null;
  /** Inode of the network namespace, as lsns prints it. */
  readonly netns: number | null;
  readonly uid: number | null;
  readonly size: number;
  /**
   * Number of groups that the kernel has for this address and port; null if not known. connect() removes a UDP socket
   * from its group (6.13), and the next bind() to the port may create another group.
   */
  readonly kernelGroups: number | null;
  /**
   * Does the kernel search this group for the socket of a new sender? Of several groups, one gets them all; null if not
   * known.
   */
  readonly newFlows: boolean | null;
  /** How the kernel picks a member now; null if it could not be read. */
  readonly selection: Selection | null;
  readonly program: Program | null;
  /** Length of the sample of `sockets[].packets`; null without one. */
  readonly sampledSeconds: number | null;
  /** Does this kernel honour SO_INCOMING_CPU inside a group (6.2 and backports)? null if not known. */
  readonly incomingCpuHonoured: boolean | null;
  /** In slot order where slots are known, else by inode. */
  readonly sockets: readonly GroupSocket[];
  readonly notes: readonly string[];
}

/** A listener or UDP socket outside any reuseport group. */
export interface LoneSocket {
  readonly id: string;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  readonly device: string | null;
  readonly inode: number;
  readonly owners: readonly Owner[];
  /** Number of processes that serve it; several compete for one accept queue. */
  readonly processes: number;
  /** As in {@link GroupSocket}; null also in a snapshot that is older than these fields. */
  readonly recvQueue: number | null;
  readonly drops: number | null;
}
