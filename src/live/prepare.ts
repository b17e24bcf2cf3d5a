/** Larger actions of the live view. Each is prepared first, so that the user can confirm exactly what it will do. */
import { resolve } from 'node:path';
import type { Group } from '../host/types.ts';
import { nicsFeeding, receivingNics } from '../path/receiving-nics.ts';
import { takeSnapshot } from '../snapshot/take.ts';
import { saveFile } from '../system/save.ts';
import { brief } from '../tune/refusal.ts';
import type { Plan } from '../tune/types.ts';
import { apply } from '../use-cases/apply.ts';
import { type LiveMachine, requireRoot } from '../use-cases/machine.ts';
import { type Planned, planFor } from '../use-cases/plan.ts';
import { chooseJournals, journalsOf, takeBack, UNASKED } from '../use-cases/undo.ts';
import { count, percent } from '../words/phrase.ts';
import type { Configuration, Prepared, Task } from './types.ts';

/** Throws Failure. */
export async function prepareTask(
  task: Task,
  machine: LiveMachine,
  configuration: Configuration,
  group: Group | null,
): Promise<Prepared> {
  switch (task) {
    case 'apply':
      return prepareApply(machine, configuration, group);
    case 'undo':
      return prepareUndo(machine);
    case 'snapshot':
      return prepareSnapshot(machine, configuration);
  }
}

/** The same content as `locality-tune snapshot`. */
const OWNER_ONLY = 0o600;

function prepareSnapshot(machine: LiveMachine, { host }: Configuration): Prepared {
  const time = new Date().toISOString().replace(/[-:]|\..*/g, '');
  const file = resolve(`locality-tune-${host.machine.hostname ?? 'host'}-${time}.json`);
  return {
    title: 'Save a snapshot',
    lines: [
      `Writes ${file}: queues, IRQs, groups and workers as they are now, for \`locality-tune inspect --from\` on any machine.`,
      'It contains addresses, ports and process names; `locality-tune snapshot --anonymize` replaces them.',
    ],
    run: async () => {
      const snapshot = await takeSnapshot(machine, host);
      saveFile(file, `${JSON.stringify(snapshot)}\n`, false, OWNER_ONLY);
      return `wrote ${file}`;
    },
  };
}

function prepareApply(machine: LiveMachine, configuration: Configuration, group: Group | null): Prepared {
  requireRoot('apply');
  const { host } = configuration;
  const nics = (group === null ? receivingNics(host) : [...nicsFeeding(group, host)]).map(({ name }) => name);
  const { plan, expected } = planFor(
    configuration,
    {
      ifaces: nics,
      ports: group === null ? [] : [group.port],
      protocol: group?.protocol ?? 'tcp',
      only: [],
      cpus: null,
      irqCpus: null,
      avoidCpus: [],
      smt: 'one',
      program: null,
    },
    machine,
  );
  const { changes, refused, notes } = plan;
  const subject = [...nics, ...(group === null ? [] : [group.id])].join(', ') || 'nothing';
  return {
    title: `Apply the plan for ${subject}`,
    lines: [
      changes.length === 0 ? 'Nothing to change.' : `${count(changes.length, 'change')}, in this order:`,
      ...gains(expected),
      ...changes.map(
        ({ kind, subject, from, to }) =>
          `- ${kind} ${subject}: ${from === null ? 'not known' : brief(from)} -> ${brief(to)}`,
      ),
      ...refused.map(({ subject, why }) => `Not planned: ${subject}: ${why}`),
      ...notes,
    ],
    run: changes.length === 0 ? null : () => applyAll(machine, plan),
  };
}

function gains({ before, after }: Planned['expected']): string[] {
  const then = new Map(after.map(({ group, nic, now }) => [`${group} ${nic}`, now]));
  const text = (share: number | null | undefined) => (share == null ? 'not known' : percent(share));
  return before.map(
    ({ group, nic, now }) =>
      `Expected locality, ${nic} to ${group}: ${text(now)} -> ${text(then.get(`${group} ${nic}`))}`,
  );
}

async function applyAll(machine: LiveMachine, plan: Plan): Promise<string> {
  const { journal, done, failed } = await apply(machine, plan, new AbortController().signal);
  const left = failed.map(({ change, message }) => `${change.subject}: ${message}`).join('; ');
  const what =
    journal === null ? 'nothing was changed' : `applied ${count(done.length, 'change')}; u undoes them`;
  return left === '' ? what : `${what}; refused: ${left}`;
}

/** The latest apply in this namespace since boot. */
function prepareUndo(machine: LiveMachine): Prepared {
  requireRoot('undo');
  const chosen = chooseJournals(journalsOf(machine), 'newest').filter(({ place }) => place === 'here');
  const title = 'Undo what was applied';
  if (chosen.length === 0)
    return { title, lines: ['Nothing is applied, so there is nothing to undo.'], run: null };
  const lines = chosen.flatMap(({ file, journal: { steps, header } }) => {
    const changes = steps.filter(({ outcome }) => outcome !== 'restored').map(({ change }) => change);
    return [
      `Restores ${count(changes.length, 'setting')} of journal ${file.id} (${header.time}), the last one first:`,
      ...changes
        .toReversed()
        .map(
          ({ kind, subject, from, to }) =>
            `${kind} ${subject}: ${brief(to)} -> ${from === null ? 'not known, so it stays as it is' : brief(from)}`,
        ),
    ];
  });
  return {
    title,
    lines: [...lines, 'Settings that someone has changed since stay as they are.'],
    run: async () => {
      const undone = await takeBack(machine, chosen, UNASKED);
      const restored = undone.flatMap((each) => each.restored);
      const kept = undone.flatMap(({ skipped }) =>
        skipped.map(({ change, why }) => `${change.subject}: ${why}`),
      );
      const left = undone.flatMap((each) => each.left);
      return [
        `restored ${count(restored.length, 'setting')}`,
        ...(kept.length > 0 ? [`not restored: ${kept.join('; ')}`] : []),
        ...(left.length > 0 ? [`not removed: ${left.join('; ')}`] : []),
      ].join('; ');
    },
  };
}
