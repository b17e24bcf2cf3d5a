/** `attach --persist`: what makes the service of a server attach the program again. */
import { readSockets } from '../host/sockets.ts';
import type { Group } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import { type DropIn, dropInFor, type Served, writeDropIn } from '../tune/drop-in.ts';
import { takeLock } from '../tune/lock.ts';
import { requireOwnCommand } from '../tune/unit.ts';
import type { LiveMachine } from './machine.ts';

export interface Kept {
  readonly served: Served;
  /** null: the service that the server runs in. */
  readonly unit: string | null;
  /** Words that run this program, and those of `attach`. */
  readonly command: readonly string[];
  readonly args: readonly string[];
}

/** What `keepAttached` would write. Throws Failure no-unit, not-trusted. */
export async function planDropIn(
  machine: LiveMachine,
  { served, unit, command, args }: Kept,
): Promise<DropIn> {
  requireOwnCommand(command);
  return dropInFor(unit ?? (await serviceOn(machine, served)), served, command, args);
}

/** Throws SystemError, Failure not-trusted, busy. */
export async function keepAttached({ state, files }: LiveMachine, dropIn: DropIn): Promise<void> {
  const release = takeLock(state, files);
  try {
    await writeDropIn(dropIn);
  } finally {
    release();
  }
}

async function serviceOn(machine: LiveMachine, { protocol, port }: Served): Promise<string> {
  const { groups } = await readSockets(machine, machine.arch, { port, slots: false, sampleSeconds: 0 });
  const there = groups.some((group) => group.protocol === protocol);
  if (!there)
    throw failure(
      'no-such-group',
      `no reuseport group on ${protocol} port ${port}`,
      'start the server first, or name its service with --unit NAME.service',
    );
  const units = [...new Set(groups.filter((group) => group.protocol === protocol).flatMap(servicesOf))];
  const [unit] = units;
  if (unit !== undefined && units.length === 1) return unit;
  throw failure(
    'no-unit',
    unit === undefined
      ? `the server on ${protocol} port ${port} runs in no service of systemd`
      : `several services serve ${protocol} port ${port}: ${units.join(', ')}`,
    'name it with --unit NAME.service; without systemd, run `locality-tune attach --wait --yes` after the server is started',
  );
}

/** user@0.service holds the sessions of a user. */
const servicesOf = ({ sockets }: Group): string[] =>
  sockets
    .flatMap(({ owners }) => owners.flatMap(({ unit }) => unit ?? []))
    .filter((unit) => unit.endsWith('.service') && !unit.startsWith('user@'));
