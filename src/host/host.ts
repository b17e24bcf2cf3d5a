/** Reads the whole machine. */
import type { System } from '../system/types.ts';
import { type Interrupts, readInterrupts } from './interrupts.ts';
import { cpuMapNotes, readKernelThreads } from './kernel-threads.ts';
import { listSockets } from './listeners.ts';
import { readMemory } from './memory.ts';
import { readNics } from './nics.ts';
import { readProcessor } from './processor.ts';
import { readSockets } from './sockets.ts';
import { ENTER_IT, FOREIGN_SYSFS, foreignInterfaces } from './sysfs-namespace.ts';
import { readMachine } from './topology.ts';
import type { Host, Nic } from './types.ts';

export interface HostOptions {
  /** Only these interfaces and their lower devices; empty: all. */
  readonly ifaces: readonly string[];
  /** Only sockets on this port; null: all. */
  readonly port: number | null;
  /** Ask the kernel for slots and programs, which needs root and bpftrace, and takes a second or two. */
  readonly slots: boolean;
  /** How long datagrams are counted if there is a UDP group of several sockets; 0: do not count, null: 1 s. */
  readonly sampleSeconds: number | null;
}

const SAMPLE_SECONDS = 1;

/** Reads what can be read; the rest is null, with the reason in the notes. */
export async function readHost(system: System, options: HostOptions): Promise<Host> {
  const { ifaces, port, slots, sampleSeconds } = options;
  // The kernel dumps its sockets meanwhile, and after that their holders are read while the NICs are.
  const dump = listSockets(system);
  const interrupts = readInterrupts(system.files);
  const machine = readMachine(system, interrupts);
  // Hundreds of files on a large machine, and a library to load: only if the reading takes seconds anyway.
  const thorough = slots || system.kernel === null;
  const listed = await dump;
  const [sockets, nics, memoryBytes] = await Promise.all([
    readSockets(
      system,
      machine.arch,
      { port, slots, sampleSeconds: sampleSeconds ?? SAMPLE_SECONDS },
      listed,
    ),
    readNics(system, machine, interrupts, ifaces),
    thorough ? readMemory(system) : null,
  ]);
  const { groups, lone } = sockets;
  const kernelThreads = thorough ? readKernelThreads(system.files) : null;
  return {
    machine: {
      ...machine,
      processor: thorough ? readProcessor(system.files, machine.cpus.online) : null,
      memoryBytes,
      kernelThreads,
    },
    nics,
    groups,
    lone,
    notes: [...missing(system, interrupts, nics), ...sockets.notes, ...cpuMapNotes(kernelThreads)],
  };
}

function unnamedColumns({ cpus }: Interrupts): string {
  const columns = `/proc/interrupts has no header that names the CPUs of its ${cpus.length} columns`;
  const named = cpus.every((cpu, column) => cpu === column)
    ? 'they are numbered from 0, which is wrong where CPUs are offline'
    : 'they are taken for the online CPUs';
  return `${columns}: ${named}`;
}

/** Descriptors of processes have their own note. */
const OF_PROCESS = /^\/proc\/\d+\//;
const NAMED = 3;

function missing({ files, kernel }: System, interrupts: Interrupts, nics: readonly Nic[]): string[] {
  const notes: string[] = [];
  if (kernel === null && files.list('/sys/class/net').length === 0 && interrupts.lines.length === 0)
    notes.push('the captured tree holds neither /sys/class/net nor /proc/interrupts: NICs are not known');
  if (kernel === null)
    notes.push(
      'a captured tree has no channels, rings, RSS, slots or programs, because these come from system calls',
    );
  // NICs that were read are this network namespace's own.
  const foreign = nics.length > 0 ? [] : foreignInterfaces(files);
  if (foreign.length > 0)
    notes.push(
      `no NIC was read: ${FOREIGN_SYSFS} (they differ in ${foreign.slice(0, NAMED).join(', ')}). ${ENTER_IT}`,
    );
  if (interrupts.source === '/proc/irq')
    notes.push(
      '/proc/interrupts shows no interrupts here, so their names come from /proc/irq, and there are no counts',
    );
  if (interrupts.unnamed) notes.push(unnamedColumns(interrupts));
  const denied = files.denied.filter(({ path }) => !OF_PROCESS.test(path));
  const named = denied.slice(0, NAMED).map(({ path, code }) => `${path} (${code})`);
  const more = denied.length > NAMED ? ` and ${denied.length - NAMED} more` : '';
  const isRefused = denied.every(({ code }) => code === 'EACCES' || code === 'EPERM');
  if (denied.length > 0)
    notes.push(`${isRefused ? 'not permitted' : 'could not be read'}: ${named.join(', ')}${more}`);
  return notes;
}
