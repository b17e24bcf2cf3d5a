/** `--persist` of `xdp` and `balance`: what is attached to an interface is attached again at boot, by one unit. */
import { readHost } from '../host/host.ts';
import { lastSteps } from '../tune/journal.ts';
import type { JournalFile } from '../tune/journal-file.ts';
import { takeLock } from '../tune/lock.ts';
import { removeUnit } from '../tune/persist.ts';
import type { Plan } from '../tune/types.ts';
import { keepAtBoot, note } from './at-boot.ts';
import type { LiveMachine } from './machine.ts';
import { journalsWith } from './xdp.ts';

/**
 * Writes a unit that attaches at boot what is attached now, with the settings that it needs, and removes the unit of what was
 * attached before. Returns sentences. Throws Failure: those of keepAtBoot. @param command how to run this tool
 */
export async function keepXdp(
  machine: LiveMachine,
  iface: string,
  command: readonly string[],
): Promise<readonly string[]> {
  const journals = journalsWith(machine, iface);
  const [newest] = journals;
  if (newest === undefined)
    return [
      `no journal says what was attached to ${iface}, so no unit was written: detach it, then attach it again`,
    ];
  const [own] = newest.journal.persisted;
  if (own !== undefined) return [`${own.unit} attaches it at boot already`];
  const host = await readHost(machine, { ifaces: [iface], port: null, slots: false, sampleSeconds: 0 });
  const steps = [...lastSteps(journals.map(({ journal }) => journal)).values()].reverse();
  const plan: Plan = { changes: steps.map(({ change, to }) => ({ ...change, to })), refused: [], notes: [] };
  const older = unitsOf(machine, iface);
  const kept = await keepAtBoot(machine, newest.file, { plan, host }, command);
  return [...kept, ...(await removed(machine, older))];
}

/** Sentences on the units that attach something else to it at boot. @param journal of what is attached now */
export const attachedAtBoot = (machine: LiveMachine, iface: string, journal: string): readonly string[] =>
  unitsOf(machine, iface)
    .filter(({ file }) => file.id !== journal)
    .map(({ unit }) => `at boot, ${unit} attaches what was there before: give --persist to replace that`);

interface OwnUnit {
  readonly file: JournalFile;
  readonly unit: string;
  readonly files: readonly string[];
}

const unitsOf = (machine: LiveMachine, iface: string): readonly OwnUnit[] =>
  journalsWith(machine, iface).flatMap(({ file, journal }) =>
    journal.persisted.map(({ unit, files }) => ({ file, unit, files })),
  );

async function removed(machine: LiveMachine, units: readonly OwnUnit[]): Promise<readonly string[]> {
  if (units.length === 0) return [];
  const release = takeLock(machine.state, machine.files);
  try {
    const said: string[] = [];
    for (const { file, unit, files } of units) {
      const left = await removeUnit(machine.state, unit, files);
      if (left.length === 0) note(file, { record: 'persisted', unit, files: [] });
      said.push(...(left.length > 0 ? left : [`${unit}, which attached what was there before, is removed`]));
    }
    return said;
  } finally {
    release();
  }
}
