/** The program that brings packets to the worker on their CPU, after all other changes. */

import { disassemble } from '../../cbpf/disassemble.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import { GROUP_PROGRAMS } from '../../cbpf/programs.ts';
import { advise } from '../../diagnose/advice.ts';
import { fedGroups } from '../../diagnose/groups.ts';
import { hotSlot, movesPeers } from '../../diagnose/hot-slot.ts';
import { ownProgram } from '../../diagnose/programs.ts';
import type { Group, Host } from '../../host/types.ts';
import { viewOf } from '../../path/view.ts';
import { type ChosenProgram, chooseProgram, type Wanted } from '../../steer/choose.ts';
import { isFailure } from '../../system/errors.ts';
import { steerCommand } from '../../words/commands.ts';
import { percent } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import type { KindPlanner, PlanContext } from './planner.ts';

export const program: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  const chosen = choices(context);
  for (const { group, program, why } of chosen) {
    const refuse = (reason: string) => refused.push({ subject: group.id, why: reason });
    if (group.program !== null && ownProgram(group) === null) refuse(foreign(group));
    else if (program === 'as it is') {
      if (why !== null) refuse(why);
    } else if (program === 'none') {
      if (group.program !== null) changes.push(change(context.host, group, null, null, why ?? ''));
      else if (why !== null) refuse(why);
    } else {
      const made = instructionsFor(program, group, context.host);
      if (typeof made === 'string') {
        refuse(made);
        continue;
      }
      notes.push(...made.warnings.map((warning) => `${group.id}: ${warning}`));
      const now = group.program?.instructions ?? null;
      if (JSON.stringify(made.instructions) !== JSON.stringify(now))
        changes.push(change(context.host, group, program.name, made.instructions, why ?? ''));
    }
  }
  for (const { group } of chosen) {
    const attached = changes.find(({ subject }) => subject === group.id);
    const name = attached?.target.kind === 'program' ? attached.target.name : null;
    const hot = hotspot(group, name);
    if (hot !== null && name === null) refused.push({ subject: group.id, why: hot });
    const peers = name === null ? null : movesPeers(group, hot !== null);
    const said = [name === null ? null : hot, peers].filter((each) => each !== null);
    if (said.length > 0) notes.push(`${group.id}: ${said.join(' ')}`);
  }
  return { changes, refused, notes };
};

interface Choice {
  readonly group: Group;
  readonly program: Wanted | 'none' | 'as it is';
  readonly why: string | null;
}

/**
 * The requested program, otherwise the proposal of `inspect` for the machine at that point. `rand` breaks stateful
 * protocols, which cannot be detected from outside, so it is never chosen here, and sampled datagrams are ignored.
 */
function choices({ host, nics, groups, options }: PlanContext): readonly Choice[] {
  const selected = host.groups.filter(({ id, size }) => groups.has(id) && size > 1);
  if (options.program !== null) {
    const name = GROUP_PROGRAMS.find((each) => each === options.program);
    const unknown = `A plan cannot use the program ${options.program}; choose one of ${GROUP_PROGRAMS.join(', ')}.`;
    return selected.map((group) =>
      name === undefined
        ? { group, program: 'as it is', why: unknown }
        : { group, program: { name }, why: 'Chosen with --program.' },
    );
  }
  const seen = {
    ...host,
    nics: options.ifaces.length > 0 ? nics : host.nics,
    groups: selected.map((group) => ({
      ...group,
      sockets: group.sockets.map((socket) => ({ ...socket, packets: null })),
    })),
  };
  const view = viewOf(seen);
  const ways = Map.groupBy(view.expected, ({ group }) => group);
  const advised = new Map(
    advise(host, fedGroups(view, new Set())).map(({ group, advice }) => [group.id, advice]),
  );
  return selected.map((group): Choice => {
    // By any means: SO_INCOMING_CPU also does it.
    const local = ways.get(group.id)?.every(({ now }) => now === 1) ?? false;
    if (local) return { group, program: 'as it is', why: null };
    const { program, why, fix } = advised.get(group.id) ?? { program: null, why: null, fix: [] };
    if (program === null || program === 'none') return { group, program: program ?? 'as it is', why };
    const inPlace = fix.length === 0;
    return inPlace ? { group, program: 'as it is', why: null } : { group, program: { name: program }, why };
  });
}

/** Or why there is no program. */
function instructionsFor(wanted: Wanted, group: Group, { machine }: Host): ChosenProgram | string {
  try {
    const nodes = machine.cpus.numa.map(({ cpus }) => cpus);
    return chooseProgram(wanted, group, group.size, nodes);
  } catch (error) {
    if (isFailure(error)) return `${error.message}; ${error.hint}`;
    throw error;
  }
}

function foreign({ program }: Group): string {
  const what =
    program?.kind === 'ebpf' ? `An eBPF program${program.name ? ` (${program.name})` : ''}` : 'A program';
  return `${what} that this tool did not make is attached. It is not replaced, because the server may depend on it.`;
}

/** Programs that choose by source or at random, so that they are an answer to few sources. */
const FOR_FEW_SOURCES: readonly (string | null)[] = ['rand', 'source-rendezvous'];

/**
 * Under the hash, one busy source goes to one worker, and the plan does nothing about it. null: it is not so, or the
 * user chose a program for it.
 * @param attached the program that the plan attaches for another reason; null: none
 */
function hotspot(group: Group, attached: string | null): string | null {
  const hot = hotSlot(group);
  if (hot === null || hot.cause.by !== 'source' || FOR_FEW_SOURCES.includes(attached)) return null;
  const { stateless, protocol } = hot.cause;
  const selector = `--port ${group.port} --udp`;
  const nothing =
    attached === null
      ? 'The plan does not spread them, because that costs locality and may break stateful protocols. '
      : `The plan does not change that: \`${attached}\` is for locality and does not spread few sources, and the expected ` +
        'shares count every flow the same. ';
  const rand =
    stateless === false
      ? `Port ${group.port} is most likely ${protocol}, for which \`rand\` is wrong. `
      : `\`locality-tune attach ${selector} --program rand\` spreads them if any worker can handle any datagram, never for QUIC; `;
  return (
    `One member reads ${percent(hot.share)} of its datagrams, because few sources send. ${nothing}${rand}` +
    '`--program source-rendezvous` keeps each source with one worker.'
  );
}

function change(
  host: Host,
  group: Group,
  name: string | null,
  instructions: readonly Instruction[] | null,
  why: string,
): Change {
  const command = steerCommand(host);
  const [line] = instructions === null ? command('detach', group) : command('attach', group, name ?? 'cpu');
  const { program, selection, id } = group;
  return {
    kind: 'program',
    subject: id,
    target: { kind: 'program', group: id, name, instructions },
    from: selection === null ? null : program === null ? 'none' : (program.asm ?? program.name),
    to: instructions === null ? 'none' : disassemble(instructions),
    why,
    command: line ?? `echo ${word(`${id}: the process that holds it is not known`)} >&2; false`,
  };
}
