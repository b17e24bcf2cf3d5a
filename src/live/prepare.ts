/** Larger actions of the live view. Each is prepared first, so that the user can confirm exactly what it will do. */

import { resolve } from 'node:path';
import { readHost } from '../host/host.ts';
import type { NamedNetns } from '../host/netns-target.ts';
import type { Group, Host } from '../host/types.ts';
import { nicsFeeding, receivingNics } from '../path/receiving-nics.ts';
import { viewOf } from '../path/view.ts';
import { takeSnapshot } from '../snapshot/take.ts';
import { saveFile } from '../system/save.ts';
import { brief } from '../tune/refusal.ts';
import type { Plan, PlanOptions } from '../tune/types.ts';
import { apply } from '../use-cases/apply.ts';
import { type LiveMachine, type Progress, requireRoot } from '../use-cases/machine.ts';
import { type Planned, planFor, requireSubject, scopeOf } from '../use-cases/plan.ts';
import { tune } from '../use-cases/tune.ts';
import { TUNE_SECONDS } from '../use-cases/tune-seconds.ts';
import { chooseJournals, journalsOf, takeBack, UNASKED } from '../use-cases/undo.ts';
import { inNetns } from '../words/in-netns.ts';
import { count, percent } from '../words/phrase.ts';
import { word } from '../words/shell.ts';
import type { Configuration, Outcome, Prepared, Task } from './types.ts';

export interface PrepareRequest {
  readonly task: Task;
  readonly configuration: Configuration;
  /** The group to tune; null: none. */
  readonly group: Group | null;
  /** The network namespace, as `--netns` named it; null: the user's own. */
  readonly netns: NamedNetns | null;
  readonly progress: Progress;
  /** Interrupts what measures; the change is then undone. */
  readonly signal: AbortSignal;
}

/** Throws Failure. */
export async function prepareTask(machine: LiveMachine, asked: PrepareRequest): Promise<Prepared> {
  switch (asked.task) {
    case 'tune':
      return prepareTune(machine, asked);
    case 'undo':
      return prepareUndo(machine);
    case 'snapshot':
      return prepareSnapshot(machine, asked.configuration);
  }
}

/** The outcome of an action that succeeded. */
export const said = (text: string): Outcome => ({ text, ok: true, tuned: null });

/** The same content as `locality-tune snapshot`. */
const OWNER_ONLY = 0o600;

function prepareSnapshot(machine: LiveMachine, { host }: Configuration): Prepared {
  const time = new Date().toISOString().replace(/[-:]|\..*/g, '');
  const file = resolve(`locality-tune-${host.machine.hostname ?? 'host'}-${time}.json`);
  const save = async (): Promise<Outcome> => {
    const snapshot = await takeSnapshot(machine, host);
    saveFile(file, `${JSON.stringify(snapshot)}\n`, false, OWNER_ONLY);
    return said(`wrote ${file}`);
  };
  return {
    title: 'Save a snapshot',
    lines: [
      `Writes ${file}: queues, IRQs, groups and workers as they are now, for \`locality-tune inspect --from\` on any machine.`,
      'It contains addresses, ports and process names; `locality-tune snapshot --anonymize` replaces them.',
    ],
    choices: [{ key: 'y', label: 'save', run: save }],
  };
}

/**
 * Reads the machine as `tune` does: in its first seconds the view knows no slots, and later it may be a minute behind.
 */
async function prepareTune(machine: LiveMachine, asked: PrepareRequest): Promise<Prepared> {
  requireRoot('tune');
  const options = tuningOf(asked.configuration.host, asked.group);
  const done = asked.progress('reading queues, sockets and slots ...');
  const host = await readHost(machine, { ...scopeOf(options), sampleSeconds: null }).finally(done);
  const planned = planFor(viewOf(host), options, machine);
  requireSubject(planned, options);
  return tuneAs(machine, planned, options, asked);
}

/** What the user would give to `tune` on the command line: a group with the NICs that feed it, or all NICs. */
export function tuningOf(host: Host, group: Group | null): PlanOptions {
  const nics = group === null ? receivingNics(host) : [...nicsFeeding(group, host)];
  return {
    ifaces: nics.map(({ name }) => name),
    ports: group === null ? [] : [group.port],
    protocol: group?.protocol ?? 'tcp',
    only: [],
    cpus: null,
    irqCpus: null,
    avoidCpus: [],
    smt: 'one',
    program: null,
  };
}

function commandOf({ ifaces, ports, protocol }: PlanOptions, netns: NamedNetns | null): string {
  const words = [
    ...ifaces.map((name) => `--iface ${word(name)}`),
    ...ports.map((port) => `--port ${port}`),
    ...(protocol === 'udp' ? ['--udp'] : []),
  ];
  return inNetns(`locality-tune tune ${words.join(' ')}`, netns);
}

/** The plan, to be measured and kept only if it helps, or only to be applied. */
export function tuneAs(
  machine: LiveMachine,
  { plan, expected }: Planned,
  options: PlanOptions,
  { netns, signal }: Pick<PrepareRequest, 'netns' | 'signal'>,
): Prepared {
  const { changes, refused, notes } = plan;
  const measured = async (progress: Progress): Promise<Outcome> => {
    const traffic = { protocol: options.protocol, ports: options.ports, seconds: TUNE_SECONDS };
    const confirm = async () => true;
    const tuned = await tune(machine, plan, {
      traffic,
      keep: false,
      anyway: ANYWAY,
      signal,
      confirm,
      progress,
    });
    return { text: tuned.why, ok: tuned.kept === true, tuned };
  };
  return {
    title: `Tune ${[...options.ifaces, ...options.ports.map((port) => `port ${port}`)].join(', ')}`,
    lines: [
      headOf(changes.length),
      ...changes.map(
        ({ kind, subject, from, to }) =>
          `- ${kind} ${subject}: ${from === null ? 'not known' : brief(from)} -> ${brief(to)}`,
      ),
      ...gains(expected),
      ...refused.map(({ subject, why }) => `Not planned: ${subject}: ${why}`),
      ...notes,
      ...(changes.length === 0 ? [] : [MEASURES, `y does the same as \`${commandOf(options, netns)}\`.`]),
    ],
    choices:
      changes.length === 0
        ? []
        : [
            { key: 'y', label: 'apply and measure', run: measured },
            { key: 'Y', label: 'apply only', run: () => applyAll(machine, plan) },
          ],
  };
}

function headOf(changes: number): string {
  if (changes === 0) return 'Nothing to change.';
  return changes === 1 ? '1 change:' : `${changes} changes, in this order:`;
}

const MEASURES = `y measures for ${TUNE_SECONDS} s, applies the plan, measures again, and restores everything if locality is not better. Y applies it without measuring.`;
const ANYWAY = 'Y applies the plan without measuring';

function gains({ before, after }: Planned['expected']): string[] {
  const then = new Map(after.map(({ group, nic, now }) => [`${group} ${nic}`, now]));
  const text = (share: number | null | undefined) => (share == null ? 'not known' : percent(share));
  return before.map(
    ({ group, nic, now }) =>
      `Expected locality, ${nic} to ${group}: ${text(now)} -> ${text(then.get(`${group} ${nic}`))}`,
  );
}

async function applyAll(machine: LiveMachine, plan: Plan): Promise<Outcome> {
  const { journal, done, failed } = await apply(machine, plan, new AbortController().signal);
  const left = failed.map(({ change, message }) => `${change.subject}: ${message}`).join('; ');
  const what =
    journal === null
      ? 'nothing was changed'
      : `applied ${count(done.length, 'change')}; u undoes ${done.length === 1 ? 'it' : 'them'}`;
  return { text: left === '' ? what : `${what}; refused: ${left}`, ok: left === '', tuned: null };
}

/** The latest apply in this namespace since boot. */
function prepareUndo(machine: LiveMachine): Prepared {
  requireRoot('undo');
  const chosen = chooseJournals(journalsOf(machine), 'newest').filter(({ place }) => place === 'here');
  const title = 'Undo what was applied';
  if (chosen.length === 0)
    return { title, lines: ['Nothing is applied, so there is nothing to undo.'], choices: [] };
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
  const restore = async (): Promise<Outcome> => {
    const undone = await takeBack(machine, chosen, UNASKED);
    const restored = undone.flatMap((each) => each.restored);
    const kept = undone.flatMap(({ skipped }) =>
      skipped.map(({ change, why }) => `${change.subject}: ${why}`),
    );
    const left = undone.flatMap((each) => each.left);
    return said(
      [
        `restored ${count(restored.length, 'setting')}`,
        ...(kept.length > 0 ? [`not restored: ${kept.join('; ')}`] : []),
        ...(left.length > 0 ? [`not removed: ${left.join('; ')}`] : []),
      ].join('; '),
    );
  };
  return {
    title,
    lines: [...lines, 'Settings that someone has changed since stay as they are.'],
    choices: [{ key: 'y', label: 'undo', run: restore }],
  };
}
