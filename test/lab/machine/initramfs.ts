/** The first file system of a guest: loads what is needed to reach the host's, and goes there. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { firstOf } from '../../../scripts/debian/exists.ts';
import { foreign } from './foreign.ts';
import type { Kernel } from './kernels.ts';

const MODULES = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'];

/** `script` runs in bash, in the guest's root. Returns a cpio archive, uncompressed. */
export async function initramfs(kernel: Kernel, script: string): Promise<Buffer> {
  const busybox = await firstOf(join(kernel.tools, 'usr/bin/busybox'), join(kernel.tools, 'bin/busybox'));
  return pack(kernel.modules, busybox, busybox, [
    { name: 'start', data: Buffer.from(script) },
    { name: 'bpftrace', data: await wrapper(kernel, 'bpftrace') },
    { name: 'modprobe', data: await wrapper(kernel, 'kmod', 'modprobe') },
  ]);
}

/**
 * @param folder of the kernel's modules
 * @param busybox for the guest @param own one that runs here
 * @param tools what is in /run/lab of the guest: `start`, a bash script, is run
 */
export async function pack(
  folder: string,
  busybox: string,
  own: string,
  tools: readonly { readonly name: string; readonly data: Buffer }[],
): Promise<Buffer> {
  const modules = await modulesWithDependencies(folder, MODULES);
  const files: File[] = [
    { name: 'busybox', mode: 0o755, data: await readFile(busybox) },
    { name: 'init', mode: 0o755, data: Buffer.from(INIT) },
    ...tools.map(({ name, data }) => ({ name: `tools/${name}`, mode: 0o755, data })),
  ];
  for (const [index, path] of modules.entries()) {
    const packed = path.endsWith('.xz');
    const data = packed ? await unxz(own, path) : await readFile(path);
    const order = String(index).padStart(3, '0');
    files.push({ name: `modules/${order}-${basename(path, '.xz')}`, mode: 0o644, data });
  }
  const folders = ['modules', 'tools', 'proc', 'dev', 'host', 'over', 'root'];
  return cpio([...folders.map((name) => ({ name, mode: 0o40_755, data: Buffer.alloc(0) })), ...files]);
}

/** Everything below / is the host's, read-only under a tmpfs: what a guest writes vanishes with it. */
const INIT = `#!/busybox sh
b=/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for m in /modules/*; do $b insmod $m; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /host
$b mount -t tmpfs -o size=75% tmpfs /over
$b mkdir /over/upper /over/work
$b mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work overlay /root
# Journals of the host's own tunings.
$b rm -rf /root/var/lib/locality-tune
$b mount -t proc proc /root/proc
$b mount -t sysfs sys /root/sys
$b mount -t devtmpfs dev /root/dev
$b mkdir -p /root/dev/pts /root/dev/shm
$b mount -t devpts devpts /root/dev/pts
$b mount -t tmpfs tmpfs /root/dev/shm
$b mount -t tmpfs tmpfs /root/run
$b mount -t tracefs tracefs /root/sys/kernel/tracing
$b mount -t debugfs debugfs /root/sys/kernel/debug
$b ln -s /proc/self/fd /root/dev/fd
$b cp -r /tools /root/run/lab
exec $b chroot /root /bin/bash /run/lab/start
`;

async function wrapper({ tools }: Kernel, program: string, name = program): Promise<Buffer> {
  return Buffer.from(`#!/bin/sh\nexec ${(await foreign(tools, program, name)).join(' ')} "$@"\n`);
}

const unxz = async (busybox: string, path: string): Promise<Buffer> =>
  (await promisify(execFile)(busybox, ['xzcat', path], { encoding: 'buffer', maxBuffer: 1 << 26 })).stdout;

/** In the order of loading; what is built in is in no list. A line of modules.dep names the nearest dependency first. */
async function modulesWithDependencies(modules: string, wanted: readonly string[]): Promise<string[]> {
  const lines = (await readFile(join(modules, 'modules.dep'), 'utf8')).split('\n');
  const dependencies = new Map(
    lines.map((line) => {
      const [file = '', rest = ''] = line.split(':');
      return [basename(file).replace(/\.ko.*/, ''), [...rest.split(' ').filter(Boolean).reverse(), file]];
    }),
  );
  const paths = wanted.flatMap((name) => dependencies.get(name) ?? []);
  return [...new Set(paths)].map((path) => join(modules, path));
}

interface File {
  readonly name: string;
  readonly mode: number;
  readonly data: Buffer;
}

/** Documentation/driver-api/early-userspace/buffer-format.rst, `newc`: 13 numbers of 8 hexadecimal digits. */
function cpio(files: readonly File[]): Buffer {
  const padding = (length: number) => Buffer.alloc((4 - (length % 4)) % 4);
  const entry = ({ name, mode, data }: File, index: number) => {
    const type = mode & 0o170_000 ? mode : mode | 0o100_000;
    const fields = [index + 1, type, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
    const head = Buffer.from(`070701${header}${name}\0`);
    return Buffer.concat([head, padding(head.length), data, padding(data.length)]);
  };
  return Buffer.concat([...files, { name: 'TRAILER!!!', mode: 0, data: Buffer.alloc(0) }].map(entry));
}
