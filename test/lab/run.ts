/**
 * `npm run lab -- [--kernel 5.10|6.1|6.12|7.2|all] [--cpus N] [--nic virtio|igb|vmxnet3] [-t NAME] [TEST...]`: fetches what the
 * virtual machines need and runs the tests in test/lab, once for each kernel. Without TEST the host's long tests and those
 * of the packages (test/packages) run first; `long` or `packages` alone runs only these. `--quick`: a few minutes, for CI, where packages that can't be had leave it out.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { isKernelName, KERNELS, type Kernel, type KernelName, kernelOf } from './machine/kernels.ts';
import type { Lab } from './machine/lab.ts';
import { findQemu, type Hardware, isNic, NICS } from './machine/qemu.ts';

const say = (line: string) => console.error(`lab: ${line}`);
/** Records run when they are named: they write to docs/, or take long. */
const TESTS = ['.test.ts'];
const QUICK = ['lab/inspect', 'lab/measure'];

function usage(problem: string): never {
  say(problem);
  say(
    `npm run lab -- [--kernel ${KERNELS.join('|')}|all] [--cpus 1-64] [--nic ${NICS.join('|')}] [-t NAME] [TEST...]`,
  );
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        kernel: { type: 'string', default: '6.12' },
        cpus: { type: 'string', default: '8' },
        nic: { type: 'string', default: 'igb' },
        'test-name': { type: 'string', short: 't', default: '' },
        quick: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

async function fetched(names: readonly KernelName[]): Promise<Kernel[]> {
  const kernels: Kernel[] = [];
  for (const name of names)
    try {
      await findQemu(say);
      kernels.push(await kernelOf(name, say));
    } catch (error) {
      say(`left out: kernel ${name}: ${error instanceof Error ? error.message.trim() : error}`);
    }
  return kernels;
}

const { values, positionals } = readOptions();
const { kernel, nic, quick, 'test-name': name } = values;
const cpus = Number(values.cpus);
if (kernel !== 'all' && !isKernelName(kernel)) usage(`--kernel ${kernel}: not one of them`);
if (!isNic(nic)) usage(`--nic ${nic}: not one of them`);
if (!Number.isInteger(cpus) || cpus < 1 || cpus > 64)
  usage(`--cpus ${values.cpus}: not a number from 1 to 64`);
if (process.getuid?.() !== 0) {
  say('left out: network namespaces and the host’s files need root');
  process.exit(quick ? 0 : 1);
}

const vitest = (args: readonly string[], env = process.env) => {
  const { status, signal } = spawnSync('vitest', ['run', ...args], { stdio: 'inherit', env });
  return status ?? (signal === 'SIGINT' ? 130 : 1);
};
const byName = name === '' ? [] : ['-t', name];
/** Tests that need no guest of the lab. */
const ON_HOST: Readonly<Record<string, readonly string[]>> = {
  long: ['--project', 'long'],
  packages: ['--config', 'test/packages/vitest.config.ts'],
};
const alone = positionals.length === 1 ? ON_HOST[positionals[0] ?? ''] : undefined;
const first = alone ? [alone] : !quick && positionals.length === 0 ? Object.values(ON_HOST) : [];
let onHost = 0;
for (const args of first) {
  const status = vitest([...args, ...byName]);
  if (status === 130) process.exit(status);
  onHost ||= status;
}
if (alone) process.exit(onHost);

const hardware: Hardware = { cpus, nic, exact: false, rss: true };
const kernels = await fetched(kernel === 'all' ? KERNELS : [kernel]);
if (kernels.length === 0) process.exit(quick ? 0 : 1);
const chosen = quick ? QUICK : positionals.length > 0 ? positionals : TESTS;
const labs: Lab[] = kernels.map((each) => ({ kernel: each, hardware }));
const inGuests = vitest(['--config', 'test/lab/vitest.config.ts', ...chosen, ...byName], {
  ...process.env,
  LOCALITY_TUNE_LAB: JSON.stringify(labs),
});
process.exit(inGuests || onHost);
