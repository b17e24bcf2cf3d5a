/** Checks of what the kernel says of NICs, sockets and interrupts. */
import { readIrqbalance } from '../host/irqbalance.ts';
import { isErrno, isFailure, isSystemError } from '../system/errors.ts';
import { lookUpFamily } from '../system/genetlink.ts';
import { native } from '../system/native.ts';
import { NETLINK_GENERIC } from '../system/netlink.ts';
import { openIrqbalance } from '../tune/irqbalance.ts';
import { CHANGE, EVERY, LOOK } from './commands.ts';
import { asRoot, isContained } from './surroundings.ts';
import { type Check, fails, NOT_READ, type Outcome, type Subject, unknown, works } from './types.ts';

export const NETWORK_CHECKS: readonly Check[] = [
  { id: 'addon', commands: EVERY, examine: addon },
  { id: 'interrupts', commands: [...LOOK, ...CHANGE], examine: interrupts },
  { id: 'sock-diag', commands: [], examine: sockDiag },
  { id: 'ethtool', commands: ['apply', 'plan', 'tune'], examine: ethtool },
  { id: 'ethtool-netlink', commands: [], examine: ethtoolNetlink },
  { id: 'netdev-netlink', commands: [], examine: netdev },
  { id: 'irqbalance', commands: CHANGE, examine: irqbalance },
];

function addon({ live }: Subject): Outcome {
  if (live === null) return NOT_READ;
  try {
    native();
    return works(`the native addon loads on ${process.arch}`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return fails(
      `the native addon does not load: ${message}`,
      isFailure(error) ? error.hint : 'install the package for this architecture and C library',
    );
  }
}

function interrupts({ files, live }: Subject): Outcome {
  const text = files.text('/proc/interrupts');
  if (text === null) return live === null && !files.exists('/proc') ? NOT_READ : hidden('cannot be read');
  return /CPU\d/.test(text)
    ? works('/proc/interrupts shows which CPUs handle which interrupts')
    : hidden('is empty');
}

const hidden = (what: string): Outcome =>
  fails(
    `/proc/interrupts ${what}, as in some containers, so there are no interrupt counts`,
    'run locality-tune on the host, with --netns CONTAINER',
  );

async function sockDiag(subject: Subject): Promise<Outcome> {
  if (subject.live === null) return NOT_READ;
  try {
    const sockets = await subject.live.kernel.sockets();
    return works(`the kernel lists sockets (${sockets.length} listening or UDP)`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return works(
      `the kernel does not list sockets (${error.code}), so /proc/net is read, which shows less`,
      asRoot(subject, 'modprobe -a inet_diag tcp_diag udp_diag'),
    );
  }
}

/** Interfaces with a device: the others have neither channels nor an RSS table. */
const devicesOf = ({ files }: Subject): readonly string[] =>
  files
    .list('/sys/class/net')
    .filter((name) => files.exists(`/sys/class/net/${name}/device`))
    .toSorted();

async function ethtool(subject: Subject): Promise<Outcome> {
  if (subject.live === null) return NOT_READ;
  const devices = devicesOf(subject);
  if (devices.length === 0) return unknown('no interface here has a device of its own');
  const said: string[] = [];
  for (const name of devices) {
    try {
      const { channels, rss } = await subject.live.kernel.ethtool(name);
      said.push(
        `${name}: ${channels === null ? 'no channels' : 'channels'}, ${rss === null ? 'no RSS table' : 'RSS table'}`,
      );
    } catch (error) {
      if (!isErrno(error, 'ENODEV', 'EPERM', 'EACCES')) throw error;
      said.push(`${name}: ${isSystemError(error) ? error.code : ''}`);
    }
  }
  return works(said.join('; '));
}

async function ethtoolNetlink({ live }: Subject): Promise<Outcome> {
  if (live === null) return NOT_READ;
  try {
    const family = await lookUpFamily(
      (request) => native().netlinkRequest(NETLINK_GENERIC, request),
      'ethtool',
    );
    return family?.groups.has('monitor')
      ? works('the kernel reports changes that are made with ethtool')
      : works(
          'the kernel does not report changes that are made with ethtool, so watch reads them again twice a minute',
          'boot a kernel with CONFIG_ETHTOOL_NETLINK',
        );
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return unknown(`not known: the kernel answers ${error.code}`);
  }
}

async function netdev(subject: Subject): Promise<Outcome> {
  if (subject.live === null) return NOT_READ;
  try {
    const queues = await subject.live.kernel.netdevQueues(LOOPBACK);
    return queues === null
      ? works(
          'the kernel does not name the IRQ of each queue, so it is found by the names of IRQs',
          'install Linux 6.8 or later',
        )
      : works('the kernel names the IRQ of each queue, if its driver does');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return unknown(`not known: the kernel answers ${error.code}`);
  }
}

/** The index of lo in every network namespace (LOOPBACK_IFINDEX). */
const LOOPBACK = 1;

async function irqbalance(subject: Subject): Promise<Outcome> {
  const { files, live } = subject;
  const { running } = readIrqbalance({ files, kernel: live?.kernel ?? null });
  if (running === null) return NOT_READ;
  if (!running) return works('irqbalance does not run here');
  if (live === null) return unknown('irqbalance runs; whether it has a socket is not known');
  if (live.euid !== 0)
    return unknown('irqbalance runs, and answers only root', asRoot(subject, 'locality-tune doctor'));
  const fix = isContained(files) ? 'run locality-tune on the host' : 'systemctl restart irqbalance';
  try {
    const banned = await openIrqbalance(files).banned();
    if (banned === null)
      return fails('irqbalance runs, but has no socket, so it would move interrupts back', fix);
    return works(`irqbalance answers, and leaves ${banned.length} interrupts alone`);
  } catch (error) {
    if (!isFailure(error)) throw error;
    return fails(error.message, fix);
  }
}
