/** The kernels and bpftrace versions of Debian's suites. */
import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpacked } from '../../../scripts/debian/apt.ts';
import { exists, firstOf } from '../../../scripts/debian/exists.ts';
import { foreign } from './foreign.ts';

/** Kernel -> suite of the kernel, suite of bpftrace (Debian 11's own is too old for probes of today). */
const SUITES = {
  '5.10': ['bullseye', 'bookworm'],
  '6.1': ['bookworm', 'bookworm'],
  '6.12': ['trixie', 'trixie'],
  '7.2': ['forky', 'forky'],
} as const;

export type KernelName = keyof typeof SUITES;
export const KERNELS: readonly KernelName[] = ['5.10', '6.1', '6.12', '7.2'];

export const isKernelName = (name: string): name is KernelName => Object.hasOwn(SUITES, name);

export interface Kernel {
  readonly name: KernelName;
  /** `6.1.0-50-amd64` */
  readonly release: string;
  readonly image: string;
  /** As /lib/modules/RELEASE. */
  readonly modules: string;
  /** Folder with bpftrace, kmod and busybox of the suite. */
  readonly tools: string;
}

/** Fetches what is missing. Throws why that can't be. */
export async function kernelOf(name: KernelName, say: (line: string) => void): Promise<Kernel> {
  const [suite, toolSuite] = SUITES[name];
  const root = await unpacked({ suite, packages: ['linux-image-amd64'] }, say);
  const tools = await unpacked({ suite: toolSuite, packages: ['bpftrace', 'kmod', 'busybox-static'] }, say);
  const [release = ''] = await readdir(join(root, 'lib/modules'));
  const modules = join(root, 'lib/modules', release);
  if (!(await exists(join(modules, 'modules.dep')))) {
    const [loader = '', ...rest] = await foreign(tools, 'kmod', 'depmod');
    await promisify(execFile)(loader, [...rest, '-b', root, release]);
  }
  // Since 7.x the image lies beside the modules.
  const image = await firstOf(
    join(root, 'boot', `vmlinuz-${release}`),
    join(modules, 'vmlinuz'),
    join(root, 'usr/boot', `vmlinuz-${release}`),
  );
  return { name, release, image, modules, tools };
}
