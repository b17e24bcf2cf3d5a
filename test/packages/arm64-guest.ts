/** An emulated arm64 machine: a stock Debian 13 with its kernel and igb, without Node.js, and the archive installed in it. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpacked } from '../../scripts/debian/apt.ts';
import { exists, firstOf } from '../../scripts/debian/exists.ts';
import { foreign } from '../lab/machine/foreign.ts';
import { bootMachine, type Guest } from '../lab/machine/guest.ts';
import { pack } from '../lab/machine/initramfs.ts';
import { INSIDE, inNamespace, type MachineFiles } from '../lab/machine/qemu.ts';

export const CPUS = 4;

const ROOT = [
  ...[
    'base-files',
    'bash',
    'bpftrace',
    'busybox-static',
    'coreutils',
    'dash',
    'ethtool',
    'grep',
    'iproute2',
    'kmod',
  ],
  ...['libstdc++6', 'linux-image-arm64', 'nginx', 'procps', 'sed', 'tar', 'util-linux', 'xz-utils'],
];

const say = (line: string) => console.error(`packages: ${line}`);
const agent = join(import.meta.dirname, '../lab/machine/agent.ts');

/**
 * @param packages the folder with the archive
 * @param install the commands of docs/install.md, which are run in that folder
 */
export async function bootArm64(packages: string, install: string): Promise<Guest> {
  const root = await unpacked({ suite: 'trixie', architecture: 'arm64', packages: ROOT }, say);
  const tools = await unpacked({ suite: 'trixie', packages: ['bpftrace', 'kmod', 'busybox-static'] }, say);
  const qemu = await unpacked(
    { suite: 'bookworm-backports', base: 'bookworm', packages: ['qemu-system-arm'] },
    say,
  );
  const [release = ''] = await readdir(join(root, 'lib/modules'));
  const modules = join(root, 'lib/modules', release);
  if (!(await exists(join(modules, 'modules.dep')))) {
    const [loader = '', ...rest] = await foreign(tools, 'kmod', 'depmod');
    await promisify(execFile)(loader, [...rest, '-b', root, release]);
  }
  const kernel = await firstOf(join(root, 'boot', `vmlinuz-${release}`), join(modules, 'vmlinuz'));
  const start = `export PATH=/usr/local/bin:/usr/sbin:/usr/bin
export HOME=/root TERM=dumb LANG=C.UTF-8
echo arm > /proc/sys/kernel/hostname
# What no script of a package has made.
echo root:x:0:0:root:/root:/bin/bash > /etc/passwd && echo root:x:0: > /etc/group
sudo() { "$@"; }
ip link set lo up
modprobe igb && ip link set eth0 up && ip addr add ${INSIDE}/24 dev eth0
mkdir -p /mnt /opt /usr/local/bin /var/log/nginx /var/lib/nginx
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000 packages /mnt && cd /mnt
${install}
cd /root && exec $(dirname $(readlink -f /usr/local/bin/locality-tune))/../lib/locality-tune/node /run/lab/agent.ts /dev/vport*p1
`;
  const own = join(tools, 'usr/bin/busybox');
  const initrd = await pack(modules, join(root, 'usr/bin/busybox'), own, [
    { name: 'start', data: Buffer.from(start) },
    { name: 'agent.ts', data: await readFile(agent) },
  ]);
  const program = await foreign(qemu, 'qemu-system-aarch64');
  return bootMachine({
    name: 'arm64',
    cpus: CPUS,
    initrd,
    seconds: 900,
    command: (files) => inNamespace([...program, ...options({ root, packages, kernel }, files)], 1),
  });
}

function options(
  { root, packages, kernel }: Readonly<Record<'root' | 'packages' | 'kernel', string>>,
  files: MachineFiles,
): readonly string[] {
  const words = [
    '-machine virt,gic-version=3 -nodefaults -no-reboot -display none -cpu neoverse-n1 -m 4096',
    `-smp ${CPUS} -accel tcg,thread=multi -kernel ${kernel} -initrd ${files.initrd} -serial file:${files.console}`,
    ...Object.entries({ host: root, packages }).flatMap(([tag, path]) => [
      `-fsdev local,id=${tag},path=${path},security_model=none,readonly=on,multidevs=remap`,
      `-device virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
    ]),
    `-chardev socket,id=agent,path=${files.socket} -device virtio-serial-pci -device virtserialport,chardev=agent`,
    '-object rng-random,id=random,filename=/dev/urandom -device virtio-rng-pci,rng=random',
    '-netdev tap,id=net,ifname=lab0,script=no,downscript=no,vhost=off',
    '-device igb,netdev=net,mac=52:54:00:12:34:56,romfile=',
  ];
  const append = 'console=ttyAMA0 quiet net.ifnames=0 nokaslr mitigations=off nowatchdog panic=1 oops=panic';
  return [...words.join(' ').split(' '), '-append', append];
}
