/** The program that a group should have, decided once per group, so that two rules never propose different programs. */
import type { ProgramSpec } from '../cbpf/programs.ts';
import type { Group, Host } from '../host/types.ts';
import { cpuShares } from '../path/balance.ts';
import { pinCommand, steerCommand } from '../words/commands.ts';
import { count, percent } from '../words/phrase.ts';
import { membersBySlot, pinnedMembers } from './groups.ts';
import { hotSlot } from './hot-slot.ts';
import { type MemberCpus, memberOn, misses, pinsAnew, wellPlaced } from './matching.ts';
import { whyUnpinnable } from './pinnable.ts';
import { ownProgram, starved } from './programs.ts';
import type { Advice, AdvisedGroup, FedGroup } from './types.ts';
import { setApart } from './usable-cpus.ts';
import { countWorkers, threadOf } from './workers.ts';

/**
 * A program is proposed only if every member still gets packets. Pinned workers are moved only for a group that already
 * has a program by CPU: under the hash they may be apart from the interrupts on purpose.
 */
export function advise(host: Host, groups: readonly FedGroup[]): readonly AdvisedGroup[] {
  const command = steerCommand(host);
  const settled = wellPlaced(groups, new Set(setApart(host).keys()));
  const moved = new Map<string, number>();
  return groups.map((fed) => {
    const { group } = fed;
    const own = ownProgram(group);
    const memberCpus = withMoves(fed, moved);
    const steered = (own?.name === 'cpu' || own?.name === 'map') && countWorkers(group) === group.size;
    const pins = steered && whyUnpinnable(group) === null ? pinsAnew(fed, own, memberCpus, settled) : NOBODY;
    const after = new Map([...memberCpus, ...pins]);
    const { program, why } = decide(host, fed, own, after);
    if (program === null || program === 'none') {
      const fix = program === 'none' && group.program !== null ? command('detach', group) : [];
      return { ...fed, advice: { program, why, fix } };
    }
    const attach = inPlace(fed, own, program, after) ? [] : command('attach', group, program);
    const again = own?.name === program && attach.length > 0 ? 'Attached again, ' : '';
    const lead = pins.size > 0 ? 'With the workers pinned again, ' : again;
    return { ...fed, advice: { program, why: lead + why, fix: [...pinAll(pins, moved), ...attach] } };
  });
}

const NOBODY: MemberCpus = new Map();

/** CPUs of the workers; workers that the advice for an earlier group moves count on their new CPU. */
function withMoves({ group }: FedGroup, moved: ReadonlyMap<string, number>): MemberCpus {
  const memberCpus = [...pinnedMembers(group)].map(([member, cpu]) => {
    const [to = cpu] = member.owners.flatMap((owner) => moved.get(threadOf(owner)) ?? []);
    return [member, to] as const;
  });
  return new Map(memberCpus);
}

function pinAll(pins: MemberCpus, moved: Map<string, number>): readonly string[] {
  return [...pins].flatMap(([{ owners }, cpu]) =>
    owners.map((owner) => {
      moved.set(threadOf(owner), cpu);
      return pinCommand(owner, cpu);
    }),
  );
}

type Decision = Pick<Advice, 'program' | 'why'>;

function decide(host: Host, fed: FedGroup, own: ProgramSpec | null, memberCpus: MemberCpus): Decision {
  const { group } = fed;
  if (group.program !== null && own === null) return { program: null, why: ownersRemedy(host, group) };
  if (own?.name === 'hash')
    return { program: null, why: 'The attached program leaves the choice to the hash.' };
  if (own?.name === 'rand') return { program: 'rand', why: '`rand` reaches all of them.' };
  if (own !== null && own.name !== 'cpu' && own.name !== 'map')
    return {
      program: null,
      why: `\`${own.name}\` was probably chosen on purpose; attach another program if not.`,
    };
  const cause = hotSlot(group)?.cause;
  if (cause?.by === 'source' && cause.stateless === true)
    return {
      program: 'rand',
      why: '`rand` spreads the datagrams of few sources over all workers (udp-hot-slot).',
    };
  const best = byCpu(host, fed, own, memberCpus);
  if (typeof best !== 'string') return best;
  return own === null ? { program: null, why: best } : keepReaching(host, fed, own, best);
}

/** A server may depend on a foreign program, so no command detaches it. */
function ownersRemedy(host: Host, group: Group): string {
  const [command] = steerCommand(host)('detach', group);
  const wanted = `The owner of the program must attach it again for ${count(group.size, 'socket')}`;
  return command === undefined
    ? `${wanted}.`
    : `${wanted}; until then \`${command} --force\` leaves the choice to the kernel's hash.`;
}

/** If the best program is not known, one that starves no worker may still be. */
function keepReaching({ machine }: Host, fed: FedGroup, own: ProgramSpec, unknown: string): Decision {
  const { size } = fed.group;
  const { online } = machine.cpus;
  const renewed = { name: 'cpu', size } as const;
  if (own.name === 'cpu' && own.size !== size && starved(fed, renewed, online).length === 0)
    return { program: 'cpu', why: '`cpu` reaches all of them.' };
  return starved(fed, own, online).length > 0
    ? { program: 'none', why: 'By hash, all of them get packets.' }
    : { program: null, why: unknown };
}

/**
 * The program that brings packets to the worker on their CPU, or why it is not known. A map spreads evenly only if
 * every worker has a receiving CPU of its own; packets that it leaves to the hash go to all workers.
 */
function byCpu(
  host: Host,
  fed: FedGroup,
  own: ProgramSpec | null,
  memberCpus: MemberCpus,
): Decision | string {
  const { group, cpus, nics } = fed;
  const slots = membersBySlot(group);
  if (cpus === null) return `${EFFECT_UNKNOWN} the receiving CPUs are not known.`;
  const workers = countWorkers(group);
  if (workers > cpus.size) {
    const receiving = count(cpus.size, nics.length > 0 ? 'receiving CPU' : 'CPU');
    const why = `With ${count(workers, 'worker')} for ${receiving}, any program by CPU would starve some workers; by hash, all get packets.`;
    return { program: 'none', why };
  }
  if (workers < group.size)
    return 'A worker serves several sockets, so a program would not choose between workers.';
  if (group.sockets.some((socket) => socket.cpus.length > 1))
    return 'Pin the workers first, so that a program can find them.';
  if (memberCpus.size < group.size) return `${EFFECT_UNKNOWN} the workers' CPUs are not known.`;
  if (slots.size < group.size) return `${EFFECT_UNKNOWN} the slots are not known.`;
  const on = memberOn(memberCpus);
  if (on.size < group.size) return 'Several workers share a CPU; pin each to its own CPU first.';
  const staffed = [...cpus].filter((cpu) => on.has(cpu));
  const off = count(group.size - staffed.length, 'worker');
  if (staffed.length < group.size)
    return `Some receiving CPUs have no worker; pin ${off} to receiving CPUs first.`;
  const plain: ProgramSpec = { name: 'cpu', size: group.size };
  const crowded = crowdedCpu(host, fed);
  if (crowded !== null) return crowded;
  const agree = !misses(fed, plain, memberCpus).some(({ cpu }) => on.has(cpu));
  const program = agree && own?.name !== 'map' && starved(fed, plain, [...cpus]).length === 0 ? 'cpu' : 'map';
  const where = staffed.length < cpus.size ? ', if it has one' : '';
  return { program, why: `\`${program}\` sends each packet to the worker on its CPU${where}.` };
}

/**
 * Under a program by CPU a worker gets what its CPU receives. If one would get more than twice its share, the locality
 * is not worth it. Every NIC counts the same.
 */
function crowdedCpu({ machine }: Host, { group, nics }: FedGroup): string | null {
  const shares = new Map<number, number>();
  for (const nic of nics)
    for (const [cpu, share] of cpuShares(nic, machine) ?? [])
      shares.set(cpu, (shares.get(cpu) ?? 0) + share / nics.length);
  const [[cpu, most] = [0, 0]] = [...shares].sort(([, one], [, other]) => other - one);
  if (most <= 2 / group.size) return null;
  return (
    `CPU ${cpu} receives ${percent(most)} of all flows, and a program by CPU would give its worker as many. ` +
    `A fair share is ${percent(1 / group.size)}: spread the queues first.`
  );
}

const EFFECT_UNKNOWN = 'The effect of a program is not known, because';

/** Does the group have this program already? A map counts as the same as long as it misses no worker. */
function inPlace(
  fed: FedGroup,
  own: ProgramSpec | null,
  program: Advice['program'],
  memberCpus: MemberCpus,
): boolean {
  const { size } = fed.group;
  if (own === null || own.name !== program) return false;
  if ('size' in own) return own.size === size;
  if (own.name !== 'map') return false;
  return (
    misses(fed, own, memberCpus).length === 0 && [...own.slotOfCpu.values()].every((slot) => slot < size)
  );
}
