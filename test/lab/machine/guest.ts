/** A virtual machine with this machine's files, driven from outside. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkOutput } from '../../schemas.ts';
import { type Channel, openChannel, type Program } from './channel.ts';
import { initramfs } from './initramfs.ts';
import type { Kernel } from './kernels.ts';
import { findQemu, type Hardware, INSIDE, type MachineFiles, qemuCommand } from './qemu.ts';

/** Tests are tried once more, in a new guest, after an error with these words. */
export const WENT_AWAY = 'the guest went away';

export interface Guest {
  /** Standard output of a bash command. Throws when its exit status is not 0, and after `seconds` (120). */
  run(command: string, seconds?: number): Promise<string>;
  /** A bash command that goes on. */
  start(command: string): Program;
  /** Standard output of a bash command outside, at the other end of the guest's NIC. */
  outside(command: string, signal?: AbortSignal): Promise<string>;
  isAlive(): boolean;
  close(): Promise<void>;
}

/** Each CPU takes some seconds more. */
const BOOT_SECONDS = 120;
const TIMER_SECONDS = 30;
const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const agent = fileURLToPath(new URL('agent.ts', import.meta.url));

/** Throws when it does not come up, with the end of its console. */
export async function boot(kernel: Kernel, hardware: Hardware): Promise<Guest> {
  const qemu = await findQemu((line) => console.error(`lab: ${line}`));
  return bootMachine({
    name: kernel.name,
    cpus: hardware.cpus,
    initrd: await initramfs(kernel, startScript(kernel, hardware)),
    command: (files) => qemuCommand(qemu, hardware, kernel, files),
  });
}

export interface Machine {
  readonly name: string;
  readonly cpus: number;
  /** Its script starts the agent. */
  readonly initrd: Buffer;
  /** The command line of QEMU, which becomes the leader of a network namespace. */
  readonly command: (files: MachineFiles) => readonly string[];
  /** To boot: 120, and 6 for each CPU. */
  readonly seconds?: number;
}

/** Throws when it does not come up, with the end of its console. */
export async function bootMachine({
  name,
  cpus,
  initrd,
  command,
  seconds = BOOT_SECONDS + 6 * cpus,
}: Machine): Promise<Guest> {
  const folder = await mkdtemp(join(tmpdir(), 'locality-tune-lab-'));
  const files = { initrd: join(folder, 'initrd'), console: join(folder, 'console') };
  const socket = join(folder, 'agent');
  await writeFile(files.initrd, initrd);
  const [program = '', ...args] = command({ ...files, socket: `${socket},server=on,wait=on` });
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = endOf(child, files.console);
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const connection = await connected(socket, ended);
    const channel = openChannel(connection, ended);
    await within(seconds, `${WENT_AWAY}: ${name} did not boot`, channel.ready);
    await checkTimers(channel, cpus);
    return {
      start: channel.start,
      run: (command, seconds = 120) => output(channel.start(command), command, seconds),
      outside: async (command, signal) => {
        const args = ['--net', '-t', `${child.pid}`, 'bash', '-c', command];
        const options = { cwd: checkout, maxBuffer: 1 << 26, signal };
        return (await promisify(execFile)('nsenter', args, options)).stdout;
      },
      isAlive: () => child.exitCode === null && child.signalCode === null,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An emulated CPU now and then comes up without a timer: what sleeps there never wakes. */
async function checkTimers({ start }: Channel, cpus: number): Promise<void> {
  const nap = `for cpu in $(seq 0 ${cpus - 1}); do taskset -c $cpu sleep 0.01; done`;
  const slept = within(TIMER_SECONDS + 2 * cpus, nap, start(nap).ended());
  await slept.catch(() => {
    throw new Error(`${WENT_AWAY}: one of its CPUs has no timer`);
  });
}

/** What QEMU and the guest's kernel said last. */
async function endOf(child: ChildProcess, serial: string): Promise<Error> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code, signal] = await once(child, 'close');
  const log = await readFile(serial, 'utf8').catch(() => '');
  const last = log.trimEnd().split('\n').slice(-30).join('\n');
  return new Error(`${WENT_AWAY} (QEMU: ${signal ?? `exit ${code}`})\n${said}${last}`);
}

/** QEMU makes the socket, and starts the machine once it is connected. */
async function connected(path: string, ended: Promise<Error>): Promise<Socket> {
  let error: Error | null = null;
  ended.then((end) => {
    error = end;
  });
  for (;;) {
    if (error !== null) throw error;
    const socket = connect(path);
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    if (isThere) return socket;
    await sleep(50);
  }
}

async function output(program: Program, command: string, seconds: number): Promise<string> {
  const { code, stdout, stderr } = await within(seconds, command, program.ended());
  if (code !== 0) throw new Error(`${command}\nended with ${code}: ${stderr}${stdout}`);
  checkOutput(stdout);
  return stdout;
}

async function within<T>(seconds: number, what: string, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(seconds * 1000, null, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: not after ${seconds} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}

const DRIVERS = { virtio: 'virtio_net', igb: 'igb', vmxnet3: 'vmxnet3' } as const;

/** Becomes the guest's process 1. The built tool is copied, since it may be rebuilt outside meanwhile. */
const startScript = ({ release, modules }: Kernel, { nic }: Hardware): string => `
export PATH=/run/lab:${checkout}node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb LANG=C.UTF-8
hostname lab
# Where the tool looks first.
ln -sfn /run/lab/bpftrace /usr/local/sbin/bpftrace
mkdir -p /lib/modules && ln -sfn ${modules} /lib/modules/${release} && ln -sf /run/lab/modprobe /sbin/modprobe
cp -r ${checkout}dist /run/dist && rm -rf ${checkout}dist && mv /run/dist ${checkout}dist
printf '#!/bin/sh\nexec ${process.execPath} ${checkout}test/integration/entry.cjs "$@"\n' > /run/lab/locality-tune
chmod +x /run/lab/locality-tune
ip link set lo up
modprobe ${DRIVERS[nic]} && ip link set eth0 up && ip addr add ${INSIDE}/24 dev eth0
cd ${checkout} && ${process.execPath} ${agent} /dev/vport*p1
echo o > /proc/sysrq-trigger
sleep 60
`;
