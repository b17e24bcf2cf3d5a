/** `locality-tune inspect`: read the machine, join it into paths, judge them, print. */
import { diagnose } from '../diagnose/diagnose.ts';
import { readHost } from '../host/host.ts';
import { expectedLocality } from '../path/expected.ts';
import { joinPaths } from '../path/join.ts';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import type { Files, System } from '../system/types.ts';
import { during, failure, usage } from './errors.ts';
import type { InspectOptions } from './inspect.ts';
import { printDocument, printLines, progress, styleOf } from './output.ts';
import type { Inspection } from './report/inspection.ts';

export async function inspect(options: InspectOptions): Promise<void> {
  const system = await openSystem(options);
  checkInterfaces(system.files, options.iface ?? []);
  const inspection = { ...(await look(system, options)), remedy: remedy(options) };
  if (options.json || options.pretty) return printDocument(toDocument(inspection), options);
  const { inspectLines } = await import('./report/inspect-text.ts');
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(inspectLines(inspection, { ...style, all: options.all === true }), style);
}

async function openSystem({ root, sample }: InspectOptions): Promise<System> {
  if (root === undefined) return { files: openFiles('/'), kernel: openKernel() };
  if (sample !== undefined)
    throw usage('--sample: a captured tree stands still', 'leave out --sample or --root');
  const files = await during(`--root ${root}`, 'read access to the directory', () => openFiles(root));
  if (!files.exists('/proc') && !files.exists('/sys')) {
    const expected = 'give the directory that holds copies of /proc and /sys; proc/interrupts alone will do';
    throw failure('no-tree', `--root ${root}: neither proc nor sys in it`, expected);
  }
  return { files, kernel: null };
}

/** Said before anything slow begins. A tree without sys/class/net names its interfaces in proc/interrupts only. */
function checkInterfaces(files: Files, wanted: readonly string[]): void {
  const present = files.list('/sys/class/net').filter((name) => name !== 'bonding_masters');
  if (present.length === 0) return;
  for (const name of wanted) if (!present.includes(name)) throw noInterface(name, present);
}

function noInterface(name: string, present: readonly string[]): Error {
  const names = present.toSorted().join(', ') || 'none';
  return failure('no-such-interface', `--iface ${name}: no such interface`, `there are: ${names}`);
}

async function look(
  system: System,
  { iface = [], port, slots, sample }: InspectOptions,
): Promise<Omit<Inspection, 'remedy'>> {
  const done = slots ? progress('reading queues, sockets and slots ...') : () => {};
  try {
    const host = await readHost(system, {
      ifaces: iface,
      port: port ?? null,
      slots,
      sampleSeconds: sample ?? null,
    });
    const found = new Set(host.nics.map(({ name }) => name));
    for (const name of iface) if (!found.has(name)) throw noInterface(name, [...found]);
    const view = { host, paths: joinPaths(host), expected: expectedLocality(host) };
    return { ...view, findings: diagnose(view) };
  } finally {
    done();
  }
}

/** What this run left out, and would tell. */
function remedy({ root, slots }: InspectOptions): string | null {
  if (root !== undefined) {
    return 'A captured tree has no workers, slots and programs: on the machine itself, as root, inspect sees them.';
  }
  if (process.geteuid?.() !== 0)
    return 'As root, inspect also sees the workers of other users, slots and programs.';
  return slots ? null : 'Without --no-slots, inspect reads slots and programs from the kernel.';
}

function toDocument({ host, paths, expected, findings }: Inspection) {
  const { machine, nics, groups, lone, notes } = host;
  return {
    schema: 'locality-tune.inspect/1',
    host: machine,
    nics,
    groups,
    lone,
    paths,
    expected,
    findings,
    notes,
  };
}
