/** Explains in one line why the kernel refuses a setting. */
import { errnoCode, isFailure } from '../system/errors.ts';
import type { Change, Kind } from './types.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

type Words = Readonly<Partial<Record<Kind | 'any', string>>>;

/** kernel/irq/proc.c (write_irq_affinity), net/core/net-sysfs.c, net/ethtool/ioctl.c, kernel/sched/syscalls.c. */
const WORDS: ReadonlyMap<string, Words> = new Map<string, Words>([
  ['EIO', { irq: 'the kernel manages the affinity of this IRQ itself', any: 'the device reported an error' }],
  [
    'EPERM',
    {
      irq: 'the kernel manages the affinity of this IRQ itself, or CAP_SYS_ADMIN is missing',
      pin: 'CAP_SYS_NICE is missing',
      napi: 'CAP_SYS_NICE is missing',
      any: 'CAP_NET_ADMIN is missing',
    },
  ],
  ['EACCES', { any: "the file's mode does not allow it" }],
  ['EROFS', { any: '/proc or /sys is mounted read-only here (a container?)' }],
  [
    'EINVAL',
    {
      irq: 'none of these CPUs is online',
      pin: 'its cpuset has none of these CPUs, or none is online',
      napi: 'none of these CPUs is online',
      channels:
        'the RSS table or an ntuple rule names a queue that would disappear, or the driver has other limits',
      rss: 'the table has another size now, or names a queue that does not exist',
      any: 'the kernel refuses it for this device',
    },
  ],
  [
    'ENOSPC',
    { irq: 'no interrupt vector is free on these CPUs', rfs: 'no memory for the flow table', any: 'no room' },
  ],
  ['EOVERFLOW', { any: 'it names more CPUs than this kernel can have' }],
  ['ERANGE', { any: 'it names more CPUs than this kernel can have' }],
  ['ENOTSUP', { any: 'the driver does not support it' }],
  ['ENOTSUPP', { any: 'the driver does not support it' }],
  ['EBUSY', { any: 'the device is busy: is it in use by AF_XDP or another owner of its queues?' }],
  ['ENOMEM', { any: 'the kernel has no memory for it' }],
  ['ENODEV', { any: 'the interface is gone' }],
  ['ENOENT', { any: 'the interface or its queue is gone' }],
  ['ESRCH', { any: 'the thread has ended' }],
]);

/** `eth0-TxRx-3: set to 3: EIO, the kernel manages …`. Rethrows anything but a Failure or a system error. */
export function refusalOf(error: unknown, { kind, subject }: Change, value: string): Refusal {
  const what = `${subject}: set to ${brief(value)}`;
  if (isFailure(error)) return { code: error.code, message: `${what}: ${error.message} (${error.hint})` };
  const code = errnoCode(error);
  if (code === null) throw error;
  const words = WORDS.get(code);
  const meaning = words?.[kind] ?? words?.any ?? (error instanceof Error ? error.message : '');
  return { code, message: `${what}: ${code}, ${meaning}` };
}

const LONG = 40;

/** The beginning of a long table or program, as much as fits on a line. */
export function brief(value: string): string {
  const line = value.replaceAll('\n', '; ');
  return line.length > LONG ? `${line.slice(0, LONG - 1)}…` : line || 'nothing';
}

/** What else changes settings of this kind. */
export function likelyCause(kind: Kind, irqbalanceRuns: boolean): string {
  switch (kind) {
    case 'irq':
      return irqbalanceRuns
        ? 'irqbalance, which forgets its banned IRQs when it restarts; or the interface went down and up'
        : 'the interface went down and up, its channels were changed, or its CPU was offline';
    case 'irqbalance':
      return 'irqbalance was restarted, which clears its list';
    case 'napi':
      return 'the interface went down and up, which starts other NAPI threads, or someone moved the thread';
    case 'pin':
      return 'the server pinned its threads itself, or its cpuset was changed';
    case 'xdp':
      return 'someone detached or replaced it (`ip link set … xdp off` does)';
    case 'tc':
      return 'someone deleted it (`tc qdisc del … clsact` does)';
    case 'program':
      return 'the server opened its sockets again, or someone attached or detached a program';
    default:
      return 'the driver, as the interface went down and up or its channels changed; or ethtool, tuned, a script';
  }
}
