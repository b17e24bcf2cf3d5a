/** QEMU as a child in a network namespace of its own, which ends with it; the host's end of the NIC is there. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { unpacked } from '../../../scripts/debian/apt.ts';
import { foreign } from './foreign.ts';
import type { Kernel } from './kernels.ts';

export type Nic = 'virtio' | 'igb' | 'vmxnet3';
export const NICS: readonly Nic[] = ['virtio', 'igb', 'vmxnet3'];

export const isNic = (name: string): name is Nic => Object.hasOwn(DEVICES, name);

/** The addresses of the NIC's two ends, from the block that RFC 2544 sets aside for tests. */
export const OUTSIDE = '198.18.0.1';
export const INSIDE = '198.18.0.2';

/** Of memory. */
const MEGABYTES = 2816;
const MEGABYTES_A_CPU = 64;

const PROGRAM = 'qemu-system-x86_64';
const DEVICES: Readonly<Record<Nic, string>> = { virtio: 'virtio-net-pci', igb: 'igb', vmxnet3: 'vmxnet3' };

/**
 * This machine's QEMU, or of Debian 12's backports where that is missing or older than igb (8.0): older ones have crashed
 * guests in which a probe was put on a function that ran.
 */
export async function findQemu(say: (line: string) => void): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(PROGRAM, ['-device', 'help']).catch(() => ({ stdout: '' }));
  if (stdout.includes('"igb"')) return [PROGRAM];
  const packages = ['qemu-system-x86'];
  const root = await unpacked({ suite: 'bookworm-backports', base: 'bookworm', packages }, say);
  const firmware = ['seabios', 'qemu'].flatMap((name) => ['-L', `${root}/usr/share/${name}`]);
  return [...(await foreign(root, PROGRAM)), ...firmware];
}

export interface Hardware {
  readonly cpus: number;
  readonly nic: Nic;
  /** One instruction a nanosecond of the guest's clock, regardless of the host: for one CPU. */
  readonly exact: boolean;
  /**
   * virtio with an indirection table. QEMU then sorts packets by it in software, and can stall: if the ring of a packet's queue
   * is full, QEMU stops reading the tap's queue that the packet came from (tap_send), and reads on only when the guest
   * refills the ring of the same number, which may stay untouched for ever.
   */
  readonly rss: boolean;
}

export interface MachineFiles {
  readonly initrd: string;
  readonly console: string;
  readonly socket: string;
}

/**
 * The command line. Emulated, not virtualised: it runs wherever QEMU does, and stock kernels can hang on a /dev/kvm that
 * is itself virtual.
 */
export function qemuCommand(
  qemu: readonly string[],
  hardware: Hardware,
  kernel: Kernel,
  files: MachineFiles,
): readonly string[] {
  const { cpus, nic, exact } = hardware;
  const queues = tapQueues(hardware);
  const options = [
    '-machine q35 -nodefaults -no-reboot -display none -cpu max',
    `-m ${MEGABYTES + MEGABYTES_A_CPU * cpus}`,
    `-smp ${cpus} -accel tcg,thread=${exact ? 'single' : 'multi'} ${exact ? '-icount shift=0,sleep=off' : ''}`,
    `-kernel ${kernel.image} -initrd ${files.initrd} -serial file:${files.console}`,
    '-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap',
    '-device virtio-9p-pci,fsdev=host,mount_tag=host',
    `-chardev socket,id=agent,path=${files.socket} -device virtio-serial-pci -device virtserialport,chardev=agent`,
    '-object rng-random,id=random,filename=/dev/urandom -device virtio-rng-pci,rng=random',
    `-netdev tap,id=net,ifname=lab0,script=no,downscript=no,vhost=off${queues > 1 ? `,queues=${queues}` : ''}`,
    `-device ${DEVICES[nic]},netdev=net,${deviceOptions(hardware, queues)}`,
  ];
  // An emulated CPU can lose its timer, and a task that sleeps there never wakes up: such a guest must end, not hang.
  const append =
    'console=ttyS0 quiet net.ifnames=0 nokaslr mitigations=off tsc=reliable nowatchdog panic=1 oops=panic ' +
    'rcupdate.rcu_cpu_stall_timeout=40 sysctl.kernel.panic_on_rcu_stall=1';
  const command = [...qemu, ...options.join(' ').split(' ').filter(Boolean), '-append', append];
  return inNamespace(command, queues);
}

/** The command in a network namespace of its own, with the host's end of the NIC: a tap with so many queues. */
export function inNamespace(command: readonly string[], queues: number): readonly string[] {
  const network = `ip link set lo up && ip tuntap add dev lab0 mode tap ${queues > 1 ? 'multi_queue' : ''} &&
    ip addr add ${OUTSIDE}/24 dev lab0 && ip link set lab0 up && exec "$0" "$@"`;
  // If this process ends for any reason, QEMU ends, and with it the namespace. virtio's RSS would load a program into
  // this kernel.
  return [
    ...['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', 'nice', '-n5', 'sh', '-c', network],
    ...['setpriv', '--bounding-set', '-sys_admin,-bpf', ...command],
  ];
}

/** Only virtio has several queues on this side too; igb sorts packets itself. */
const tapQueues = ({ nic, cpus }: Hardware): number => (nic === 'virtio' ? cpus : 1);

function deviceOptions({ nic, rss }: Hardware, queues: number): string {
  const mac = 'mac=52:54:00:12:34:56,romfile=';
  if (nic !== 'virtio' || queues < 2) return mac;
  return `${mac},mq=on,vectors=${2 * queues + 2}${rss ? ',rss=on,hash=on' : ''}`;
}
