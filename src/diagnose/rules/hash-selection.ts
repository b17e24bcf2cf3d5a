import type { Recognised } from '../../cbpf/programs.ts';
import type { Expected } from '../../path/types.ts';
import { steer } from '../commands.ts';
import { membersBySlot, pinnedMembers, reachable, type Served, servedGroups } from '../groups.ts';
import { misses } from '../matching.ts';
import { names, percent, slotNames } from '../phrase.ts';
import type { Finding, View } from '../types.ts';

/** The hash knows nothing of CPUs: of N workers, it finds the one on the packet's own CPU one time in N. */
export function hashSelection(view: View): readonly Finding[] {
  const command = steer(view.host);
  const expectedOf = Map.groupBy(view.expected, ({ group }) => group);
  return servedGroups(view).flatMap((served): Finding[] => {
    const { group, nics, cpus } = served;
    if (group.selection !== 'hash' || cpus?.size === 1) return [];
    const multiQueue = new Set(nics.filter(({ rxQueues }) => rxQueues.length > 1).map(({ name }) => name));
    const rows = (expectedOf.get(group.id) ?? []).filter(({ nic }) => multiQueue.has(nic));
    if (rows.length === 0) return [];
    const { program, text } = advise(served, rows);
    const packet = group.protocol === 'tcp' ? 'connection' : 'datagram';
    return [
      {
        rule: 'hash-selection',
        severity: program === null ? 'info' : 'warning',
        subject: group.id,
        message:
          `The kernel picks one of ${group.size} workers by hash: a ${packet} meets the worker of its own ` +
          `CPU ${howOften(rows)}. ${text}`,
        fix: program === null ? [] : command('attach', group, program),
      },
    ];
  });
}

interface Advice {
  readonly program: 'cpu' | 'map' | null;
  readonly text: string;
}

/**
 * `map` where slots and CPUs disagree; neither as long as it would find no worker, or leave one without
 * packets.
 */
function advise(served: Served, rows: readonly Expected[]): Advice {
  const { group, nics, cpus } = served;
  const not = (text: string): Advice => ({ program: null, text });
  const pinned = pinnedMembers(group);
  if (cpus === null)
    return not('What a program would give is not known, since the CPUs that receive are not.');
  if (group.sockets.some((socket) => socket.cpus.length > 1))
    return not('Pin the workers first, so that a program can find them.');
  if (pinned.size < group.size)
    return not("What a program would give is not known, since the workers' CPUs are not.");
  const slots = membersBySlot(group);
  if (slots.size < group.size) return not('What a program would give is not known, since the slots are not.');

  const slotOfCpu = new Map([...slots].reverse().map(([slot, member]) => [pinned.get(member) ?? -1, slot]));
  const staffed = [...cpus].filter((cpu) => slotOfCpu.has(cpu)).length;
  if (staffed === 0) return not('No worker is on a CPU that receives, so no program can find one there.');
  const plain = { name: 'cpu', modulus: group.size } as const;
  const agree = !misses(served, plain).some(({ cpu }) => slotOfCpu.has(cpu));
  const program: Recognised = agree ? plain : { name: 'map', slotOfCpu };
  const reached = reachable(program, cpus, group.size) ?? new Set(slots.keys());
  const starved = [...slots.keys()].filter((slot) => !reached.has(slot));
  if (starved.length > 0) {
    const from = names(nics.map(({ name }) => name));
    return not(`\`${program.name}\` would leave ${slotNames(starved)} without any packet from ${from}.`);
  }
  if (agree) return { program: 'cpu', text: outlook(rows).join(' ') };
  const share =
    staffed === cpus.size ? '100 % with `map`' : `a worker for ${staffed} of ${cpus.size} CPUs with \`map\``;
  return {
    program: 'map',
    text: `Expected ${share}; slots and CPUs are not in the order that \`cpu\` needs.`,
  };
}

/** NICs with the same figures in one sentence. */
function outlook(rows: readonly Expected[]): readonly string[] {
  const alike = Map.groupBy(rows, ({ now, cpu }) => `${figure(now)} local, ${figure(cpu)} with \`cpu\``);
  return [...alike].map(([text, of]) => `Expected from ${names(of.map(({ nic }) => nic))}: ${text}.`);
}

function figure(share: number | null): string {
  return share === null ? 'an unknown share' : percent(share);
}

function howOften(rows: readonly Expected[]): string {
  const [share = null, another] = new Set(rows.map(({ hash }) => hash));
  if (share === null || another !== undefined) return 'by chance only';
  if (share === 0) return 'never';
  const n = 1 / share;
  return Math.abs(n - Math.round(n)) < 0.01
    ? `one time in ${Math.round(n)}`
    : `in ${percent(share)} of all cases`;
}
