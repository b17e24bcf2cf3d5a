/** Larger things that the live view may do, each prepared first: what exactly is to be confirmed. */
import { machine } from 'node:os';
import { resolve } from 'node:path';
import type { Group } from '../host/types.ts';
import { nicsFeeding, receivingNics } from '../path/receiving-nics.ts';
import type { Expected } from '../path/types.ts';
import { takeSnapshot } from '../snapshot/take.ts';
import { failure } from '../system/errors.ts';
import { netnsInode } from '../system/netns.ts';
import { saveFile } from '../system/save.ts';
import type { Kernel, System } from '../system/types.ts';
import { openAccess } from '../tune/access.ts';
import { applied } from '../tune/applied.ts';
import { applyPlan } from '../tune/apply.ts';
import { bootIdOf, stateFolder } from '../tune/boot.ts';
import { takeLock } from '../tune/lock.ts';
import { withStartTimes } from '../tune/plan/start-times.ts';
import { expectedFor, planTuning } from '../tune/plan.ts';
import { brief } from '../tune/refusal.ts';
import { journalsInForce, type Surveyed, surveyJournals } from '../tune/survey.ts';
import type { Plan, PlanOptions } from '../tune/types.ts';
import { undoOne } from '../tune/undo.ts';
import { count, percent } from '../words/phrase.ts';
import type { Job, Prepared, Scene } from './types.ts';

type LiveSystem = System & { readonly kernel: Kernel };

/** Throws Failure. */
export async function prepareJob(
  job: Job,
  system: LiveSystem,
  scene: Scene,
  group: Group | null,
): Promise<Prepared> {
  switch (job) {
    case 'tune':
      return prepareTuning(system, scene, group);
    case 'undo':
      return prepareUndo(system);
    case 'snapshot':
      return prepareSnapshot(system, scene);
  }
}

function prepareSnapshot(system: LiveSystem, { host }: Scene): Prepared {
  const time = new Date().toISOString().replace(/[-:]|\..*/g, '');
  const file = resolve(`locality-tune-${host.machine.hostname ?? 'host'}-${time}.json`);
  return {
    title: 'Save a snapshot',
    lines: [
      `Writes ${file}: queues, IRQs, groups and workers as they are now, for \`locality-tune inspect --from\` on any machine.`,
      'It has addresses, ports and the names of processes in it; `locality-tune snapshot --anonymize` replaces them.',
    ],
    run: async () => {
      const snapshot = await takeSnapshot(system, host);
      saveFile(file, `${JSON.stringify(snapshot)}\n`, false);
      return `wrote ${file}`;
    },
  };
}

function prepareTuning(system: LiveSystem, scene: Scene, group: Group | null): Prepared {
  requireRoot();
  const { host } = scene;
  const nics = (group === null ? receivingNics(host) : [...nicsFeeding(group, host)]).map(({ name }) => name);
  const options: PlanOptions = {
    ifaces: nics,
    ports: group === null ? [] : [group.port],
    protocol: group?.protocol ?? 'tcp',
    only: [],
    cpus: null,
    smt: 'one',
    program: null,
  };
  const inForce = journalsInForce();
  const plan = withStartTimes(planTuning(scene, options, inForce.journals), system.files);
  const { changes, refused } = plan;
  const notes = [...inForce.notes, ...plan.notes];
  const subject = [...nics, ...(group === null ? [] : [group.id])].join(', ') || 'nothing';
  return {
    title: `Tune ${subject}`,
    lines: [
      changes.length === 0
        ? 'There is nothing to change.'
        : `${count(changes.length, 'change')}, in this order:`,
      ...gains(expectedFor(host, options), expectedFor(applied(host, plan), options)),
      ...changes.map(
        ({ kind, subject, from, to }) =>
          `- ${kind} ${subject}: ${from === null ? 'not known' : brief(from)} -> ${brief(to)}`,
      ),
      ...refused.map(({ subject, why }) => `Not planned: ${subject}: ${why}`),
      ...notes,
    ],
    run: changes.length === 0 ? null : () => tune(system, plan),
  };
}

function gains(before: readonly Expected[], after: readonly Expected[]): string[] {
  const then = new Map(after.map(({ group, nic, now }) => [`${group} ${nic}`, now]));
  const text = (share: number | null | undefined) => (share == null ? 'not known' : percent(share));
  return before.map(
    ({ group, nic, now }) =>
      `Expected to stay on one CPU, ${nic} to ${group}: ${text(now)} -> ${text(then.get(`${group} ${nic}`))}`,
  );
}

async function tune(system: LiveSystem, plan: Plan): Promise<string> {
  const access = openAccess(system, machine());
  const { signal } = new AbortController();
  const { journal, done, failed } = await applyPlan(access, plan, {
    state: stateFolder(),
    netns: netnsInode(),
    signal,
  });
  const left = failed.map(({ change, message }) => `${change.subject}: ${message}`).join('; ');
  const what =
    journal === null ? 'nothing was changed' : `applied ${count(done.length, 'change')}, u undoes them`;
  return left === '' ? what : `${what}; refused: ${left}`;
}

/** The newest that was applied here since the boot. */
function prepareUndo(system: LiveSystem): Prepared {
  requireRoot();
  const state = stateFolder();
  const { journals } = surveyJournals(state, bootIdOf(system.files), netnsInode());
  const newest = journals.find(({ place }) => place === 'here');
  const title = 'Undo what was applied';
  if (newest === undefined)
    return { title, lines: ['Nothing is applied: there is nothing to undo.'], run: null };
  const { steps, header } = newest.journal;
  const changes = steps.filter(({ outcome }) => outcome !== 'restored').map(({ change }) => change);
  return {
    title,
    lines: [
      `Takes back ${count(changes.length, 'change')} of journal ${newest.file.id} (${header.time}), the last one first:`,
      ...changes
        .toReversed()
        .map(
          ({ kind, subject, from, to }) =>
            `${kind} ${subject}: ${brief(to)} -> ${from === null ? 'not known, stays as it is' : brief(from)}`,
        ),
      'What somebody else has changed since stays as it is.',
    ],
    run: () => undo(system, newest, state),
  };
}

async function undo(system: LiveSystem, { file }: Surveyed, state: string): Promise<string> {
  const release = takeLock(state, system.files);
  try {
    const access = openAccess(system, machine());
    const { restored, skipped, left } = await undoOne(access, file, { force: false, ask: async () => false });
    const kept = skipped.map(({ change, why }) => `${change.subject}: ${why}`);
    return [
      `restored ${count(restored.length, 'change')}`,
      ...(kept.length > 0 ? [`not restored: ${kept.join('; ')}`] : []),
      ...(left.length > 0 ? [`not removed: ${left.join('; ')}`] : []),
    ].join('; ');
  } finally {
    release();
  }
}

function requireRoot(): void {
  if (process.geteuid?.() !== 0)
    throw failure('EPERM', 'queues, IRQs and threads are changed by root alone', 'run it as root');
}
