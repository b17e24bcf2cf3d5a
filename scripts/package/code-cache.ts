/** V8's code cache for the runtime of a package, made by that runtime: of another architecture by QEMU's user emulation. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Arch, root } from './origin.ts';

/** How this machine runs a program of the architecture; its libraries come with the cross compiler. */
const EMULATOR: Readonly<Record<Arch, readonly string[]>> = {
  x64: [],
  arm64: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'],
};

/**
 * What a run compiles depends on what it finds. So it runs in namespaces of its own, where it finds the same every time: itself, and
 * two interfaces with two queues. The cache also holds the path of the bundle: the program is below /mnt there.
 */
const SCENE = `lib=$1 && shift && mount --bind "$lib" /mnt && mount -t sysfs sysfs /sys && ip link set lo up &&
ip link add one numrxqueues 2 numtxqueues 2 type veth peer name two numrxqueues 2 numtxqueues 2 &&
ip link set one up && ip link set two up && exec "$@"`;

/** V8 seeds its hashes at random, and they are part of the cache. */
const SAME_HASHES = '--random-seed=1';

/**
 * V8 numbers functions in the order in which they are compiled, also in the cache. With one thread, answers of the kernel come in the
 * order of the questions.
 */
const SAME_ORDER = { UV_THREADPOOL_SIZE: '1' };

/** Runs the program in the folder `lib` with its own Node, and leaves the cache in it. Throws what failed. */
export async function warmUp(arch: Arch, lib: string): Promise<void> {
  const warm = [
    '/mnt/node',
    SAME_HASHES,
    join(root, 'scripts/warm-up.mjs'),
    '/mnt/dist/src/cli/main.js',
    ...EMULATOR[arch],
  ];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc'];
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  await promisify(execFile)(
    'unshare',
    [...user, ...namespaces, 'sh', '-c', SCENE, 'sh', lib, ...EMULATOR[arch], ...warm],
    { maxBuffer: 1 << 26, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', ...SAME_ORDER } },
  );
}
