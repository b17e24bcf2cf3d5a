/** `apply --persist` and `--saved`: a plan that is applied again at boot. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../host/types.ts';
import type { Persisted } from '../../tune/journal.ts';
import { type JournalFile, markUndone, openJournal } from '../../tune/journal-file.ts';
import { takeLock } from '../../tune/lock.ts';
import { serviceOf, type UnitFacts, unitOf, writeUnit } from '../../tune/persist.ts';
import { fromSaved, groupsOf, parseSaved, type Saved, toSaved } from '../../tune/saved.ts';
import { surveyJournals } from '../../tune/survey.ts';
import type { Plan } from '../../tune/types.ts';
import { during } from '../errors.ts';
import { loadHost } from '../host-source.ts';
import type { Bench } from './tune-change.ts';

/** A plan, the machine that it is for, and the unit that has it applied. */
export interface Job {
  readonly host: Host;
  readonly plan: Plan;
  readonly persisted: Persisted | null;
}

const WAIT_MS = 60_000;
const PAUSE_MS = 1_000;

/** Throws Failure `not-saved`, CliError. */
export async function loadSaved(path: string): Promise<Job> {
  const text = await during(`--saved ${path}`, 'read access to it', () => readFileSync(path, 'utf8'));
  const saved = parseSaved(text, path);
  await untilThere(groupsOf(saved));
  const slots = saved.changes.some(({ target }) => 'slot' in target);
  const host = await loadHost({ iface: nicsOf(saved), slots, sample: 0 });
  return { host, plan: fromSaved(saved, host), persisted: saved.persisted ?? null };
}

const nicsOf = ({ changes }: Saved): string[] => [
  ...new Set(changes.flatMap(({ target }) => ('nic' in target ? [target.nic] : []))),
];

/** At boot a server may have been started and not listen yet. One that never does is refused, group by group. */
async function untilThere(groups: readonly string[]): Promise<void> {
  if (groups.length === 0) return;
  for (const end = performance.now() + WAIT_MS; performance.now() < end; await sleep(PAUSE_MS)) {
    const there = new Set((await loadHost({ slots: false })).groups.map(({ id }) => id));
    if (groups.every((id) => there.has(id))) return;
  }
}

/** Writes the unit of --persist. Returns what is to be said. */
export async function persist(bench: Bench, file: JournalFile, { plan, host }: Job): Promise<string[]> {
  const { saved, left } = toSaved(plan, host);
  const operation = `the settings are made (journal ${file.id}), but to write their unit`;
  const facts = unitFacts(bench, saved, host);
  const files = unitOf(bench.state, file.id);
  const { persisted } = files;
  await during(operation, 'root', async () => {
    const release = takeLock(bench.state, bench.access.files);
    try {
      note(file, persisted);
      await writeUnit(files, facts, saved).catch((error: unknown) => {
        note(file, { ...persisted, files: [] });
        throw error;
      });
    } finally {
      release();
    }
  });
  return [
    `${persisted.unit} applies it again at boot`,
    ...left.map(({ subject, why }) => `${subject}: not at boot: ${why}`),
  ];
}

/** The unit that has started this run is this journal's now, so that one undo takes back both. */
export function takeOver(
  { state, bootId, netns }: Bench,
  file: JournalFile,
  persisted: Persisted,
): readonly string[] {
  note(file, persisted);
  const { journals, notes } = surveyJournals(state, bootId, netns);
  for (const { file: old, journal, place } of journals)
    if (place === 'before' && journal.persisted.some(({ unit }) => unit === persisted.unit)) markUndone(old);
  return notes;
}

function note(file: JournalFile, persisted: Persisted): void {
  const writer = openJournal(file);
  writer.append(persisted);
  writer.close();
}

function unitFacts({ access }: Bench, saved: Saved, host: Host): UnitFacts {
  const groups = new Set(groupsOf(saved));
  const owners = host.groups
    .filter(({ id }) => groups.has(id))
    .flatMap(({ sockets }) => sockets.flatMap((socket) => socket.owners));
  const pids = new Set(owners.map(({ pid }) => pid));
  const services = [...pids].flatMap((pid) => serviceOf(access.files, pid) ?? []);
  return {
    what: [...nicsOf(saved), ...groups].join(', '),
    command: [process.execPath, ...process.argv.slice(1, 2)],
    after: [...new Set(services)].sort(),
  };
}
