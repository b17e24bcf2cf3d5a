/** Moves each queue's interrupt to the CPU of the worker that it feeds; without workers, spreads them over the CPUs. */

import { countEach } from '../../diagnose/even.ts';
import { type Vector, vectorsOf } from '../../diagnose/vectors.ts';
import { formatCpuList } from '../../host/cpus.ts';
import { parseIrqName } from '../../host/irq-names.ts';
import type { Host, Irq, Nic } from '../../host/types.ts';
import { cpuNames, names, queueNames } from '../../words/phrase.ts';
import { nicPath, write } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import { ruleThatMoves } from './as-found.ts';
import { mayChange } from './candidates.ts';
import { changesChannels, growsChannels, type KindPlanner, type PlanContext } from './planner.ts';

export const irq: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of context.nics) {
    const renumbered = changesChannels(context, nic);
    const reset = growsChannels(context, nic);
    const misdelivered: string[] = [];
    const reason = reasons(context, nic);
    for (const [vector, cpu] of context.spreads.get(nic.name)?.cpuOf ?? []) {
      if (cpu === null || (!vector.movable && vector.irqs.length > 0)) continue;
      for (const each of vector.irqs) {
        if (reset || !isOn(nic, each, cpu))
          changes.push(move(nic, each, cpu, isOn(nic, each, cpu) ? RESET : reason(cpu, each), renumbered));
        else if (ignoresAffinity(each)) misdelivered.push(`irq ${each.irq}`);
      }
      if (vector.irqs.length === 0 && vector.movable)
        changes.push(...place(context, nic, vector, cpu, reason(cpu)));
    }
    if (misdelivered.length > 0)
      notes.push(
        `${misdelivered.join(', ')} of ${nic.name} ${misdelivered.length === 1 ? 'is' : 'are'} not on the CPU of its affinity: ` +
          'a new affinity takes effect at the next interrupt, unless the driver manages it.',
      );
    if (renumbered && nic.irqs.length > 0)
      notes.push(
        `${nic.name}: its interrupts are found by name, because a change of channels may renumber them.` +
          (context.host.machine.irqbalance.running === true
            ? ' Then plan again, because irqbalance uses the numbers.'
            : ''),
      );
    refused.push(...immovable(context, nic));
  }
  return { changes, refused, notes: [...notes, ...sharing(context)] };
};

/** Queues that receive on another CPU than they should, regardless of the affinity. */
function immovable({ assignment, spreads, options }: PlanContext, nic: Nic): readonly Refused[] {
  const serving = new Set(assignment.serving.get(nic.name)?.cpus);
  const unmoved = [...(spreads.get(nic.name)?.cpuOf ?? [])].flatMap(([{ rx, irqs, cpu }]) =>
    rx.length > 0 && irqs.length === 0 && cpu !== null && !serving.has(cpu) ? rx : [],
  );
  const refuse = (why: string): Refused => ({ subject: nic.name, why });
  return [
    ...(unmoved.length > 0
      ? [refuse(`${queueNames('rx', unmoved)}: its IRQ is not known, so its CPU cannot be set.`)]
      : []),
    ...(nic.threadedNapi === true && !mayChange(options, 'napi')
      ? [
          refuse(
            'With threaded NAPI the CPU is that of kernel threads, not of the interrupts: plan napi too, or ' +
              `\`echo 0 > ${nicPath(nic.name, 'threaded')}\` ends that.`,
          ),
        ]
      : []),
  ];
}

function sharing({ nics, assignment }: PlanContext): readonly string[] {
  const short = nics.filter((nic) => {
    const serving = assignment.serving.get(nic.name);
    return serving?.workers === true && vectorsOf(nic, null).length < serving.cpus.length;
  });
  if (short.length === 0 || nics.length < 2) return [];
  const shown = names(nics.map(({ name }) => name));
  return [
    `${shown} divide the workers among them. If only one carries packets (active-backup), plan for it alone.`,
  ];
}

const RESET = 'Many drivers reset it when channels change.';
export const STAYS = 'It is on this CPU already, but its affinity lets it move.';

function reasons({ host, assignment, spreads }: PlanContext, nic: Nic): (cpu: number, irq?: Irq) => string {
  const { cpus = [], workers = false } = assignment.serving.get(nic.name) ?? {};
  const serving = new Set(cpus);
  const placed = [...(spreads.get(nic.name)?.cpuOf ?? [])];
  const counts = countEach(placed.flatMap(([{ rx }, cpu]) => (rx.length > 0 ? (cpu ?? []) : [])));
  const used = [...counts.keys()].sort((one, other) => one - other);
  const even = Math.max(...counts.values()) - Math.min(...counts.values()) <= 1;
  const shared =
    used.length > 1
      ? `The queues of ${nic.name} are spread ${even ? 'evenly ' : ''}over ${cpuNames(used)}.`
      : `All queues of ${nic.name} go to this CPU.`;
  return (cpu, irq) => {
    if (!workers) return irq === undefined ? shared : asFound(host, nic, irq, cpu, shared);
    if (!serving.has(cpu)) return 'It gets no packets, so it leaves the CPUs of workers to queues that do.';
    return `A worker is on CPU ${cpu}.`;
  };
}

function asFound(host: Host, nic: Nic, { irq, effective }: Irq, cpu: number, shared: string): string {
  const from = effective?.length === 1 ? effective[0] : undefined;
  if (from === cpu) return STAYS;
  switch (ruleThatMoves(host, irq)) {
    case 'irq-on-isolated-cpu':
      return from === undefined ? shared : `CPU ${from} is isolated.`;
    case 'irq-wrong-numa-node':
      return `CPU ${cpu} is on the NUMA node of ${nic.name}.`;
    case 'cpu-load-uneven':
      return 'So that no CPU takes much more than its share of the interrupts since boot.';
    default:
      return shared;
  }
}

/**
 * Is its affinity exactly this CPU? An interrupt with a wider affinity is there by chance: it moves when a CPU goes
 * offline, the interface goes down and up, or irqbalance moves it, but XPS depends on it. If the affinity cannot be
 * read, the CPU counts.
 */
function isOn({ rxQueues, txQueues }: Nic, { irq, affinity }: Irq, cpu: number): boolean {
  const asked = affinity ?? [...rxQueues, ...txQueues].find((queue) => queue.irq === irq)?.cpus ?? [];
  return asked.length === 1 && asked[0] === cpu;
}

function ignoresAffinity({ affinity, effective }: Irq): boolean {
  const asked = new Set(affinity);
  return asked.size > 0 && (effective ?? []).some((cpu) => !asked.has(cpu));
}

export function move(
  nic: Nic,
  { irq, name, role, queues, affinity }: Irq,
  cpu: number,
  why: string,
  byName: boolean,
): Change {
  const file = `/proc/irq/${irq}/smp_affinity_list`;
  return {
    kind: 'irq',
    subject: `irq ${irq} (${name})`,
    target: { kind: 'irq', nic: nic.name, role: role === 'other' ? 'rxtx' : role, queues, irq, name },
    from: affinity === null ? null : formatCpuList(affinity),
    to: String(cpu),
    why: affinity === null ? `${why} Its current value could not be read, so it cannot be restored.` : why,
    command: byName ? writeByName(name, cpu) : write(String(cpu), file),
  };
}

/** For queues that do not exist yet, with the roles and names of the present ones. */
function place(context: PlanContext, nic: Nic, vector: Vector, cpu: number, why: string): readonly Change[] {
  const former = context.before.nics.find(({ name }) => name === nic.name);
  const [queue] = vector.rx.length > 0 ? vector.rx : vector.tx;
  const like = former?.irqs.filter(({ role, queues }) => role !== 'other' && queues.length === 1) ?? [];
  const samples = [...new Map(like.map((each) => [each.role, each])).values()];
  return samples.flatMap(({ role, name, queues: [index] }): Change[] => {
    if (role === 'other' || queue === undefined || index === undefined) return [];
    const coming = renamed(name, index, queue);
    return [
      {
        kind: 'irq',
        subject: `irq of ${nic.name} ${role === 'tx' ? 'tx' : 'rx'}-${queue}${coming === '' ? '' : ` (${coming})`}`,
        target: { kind: 'irq', nic: nic.name, role, queues: [queue], irq: -1, name: coming },
        from: null,
        to: String(cpu),
        why,
        command:
          coming === ''
            ? `echo "${role}-${queue}: the name of its new interrupt is not known; plan again" >&2; false`
            : writeByName(coming, cpu),
      },
    ];
  });
}

/** `eth0-TxRx-3` for queue 5 is `eth0-TxRx-5`; empty if names do not contain the queue. */
function renamed(name: string, from: number, to: number): string {
  const coming = name.replace(/\d+(?=@|$)/, String(to));
  const fits = (text: string, queue: number) => parseIrqName(text)?.queues.toString() === String(queue);
  return fits(name, from) && fits(coming, to) ? coming : '';
}

/** A queue with one interrupt per direction may then have one for both (igb). */
function writeByName(name: string, cpu: number): string {
  const pattern = name.replace(/[^\w@:-]/g, '.').replace(/-(rx|tx)-(?=\d+$)/, '-(TxRx|$1)-');
  const find = `awk '$NF ~ /^${pattern}$/ { sub(":", "", $1); print $1 }' /proc/interrupts`;
  return `echo ${cpu} > "/proc/irq/$(${find})/smp_affinity_list"`;
}
