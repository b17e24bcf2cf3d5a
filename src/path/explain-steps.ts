/** The steps of a walk in words, each with its reason. */
import { formatCpuList } from '../host/cpus.ts';
import { napiThreadOf } from '../host/napi-threads.ts';
import { type Substitute, substitute } from '../host/no-interrupts.ts';
import type { Group, NapiThread, Nic, Owner } from '../host/types.ts';
import type { Walk } from './explain-walk.ts';
import { type Flow, formatEndpoint } from './flow.ts';
import type { Delivery } from './locality.ts';
import { BESIDE_THREADS, type Receiver } from './receive.ts';
import type { Hashed, Hashes } from './rss-hash.ts';
import type { Landing } from './rss-table.ts';
import type { MemberChoice } from './select.ts';

export interface ExplainStep {
  readonly what: string;
  /** null: not known, or decided by something that cannot be read. */
  readonly value: string | number | null;
  readonly why: string;
  /** Probability of each possible value, 0 to 1, if `value` is null and all are equally likely; otherwise null. */
  readonly chance: number | null;
}

export function step(
  what: string,
  value: ExplainStep['value'],
  why: string,
  chance: number | null = null,
): ExplainStep {
  return { what, value, why, chance };
}

const hex32 = (hash: number) => `0x${hash.toString(16).padStart(8, '0')}`;

/** From the interface to the worker, and back; the last step gives the locality. */
export function stepsOf(walk: Walk): ExplainStep[] {
  const { nic, why } = walk.arrival;
  const instead = substitute(nic);
  const first = step('interface', nic.name, why);
  const chosen = instead === null ? [...queueSteps(walk), irqStep(walk, nic)] : [];
  return [
    first,
    ...chosen,
    ...cpuSteps(walk),
    ...socketSteps(walk),
    ...backSteps(walk, nic),
    localStep(walk),
  ];
}

/** A rule that names the queue leaves nothing to the hash. */
function queueSteps({ flow, hashes, landing, rule }: Walk): ExplainStep[] {
  const steps = rssSteps(flow, hashes, landing);
  if (rule === null) return steps;
  const { location, certain, why } = rule;
  const by = certain
    ? step('ntuple rule', location, why)
    : step('ntuple rule', null, `rule ${location} may match: ${why}`);
  return certain && landing.size === 0 ? [by, ...steps.slice(-1)] : [by, ...steps];
}

export function rssSteps(flow: Flow, { possible, why }: Hashes, landed: Landing): ExplainStep[] {
  const [first] = possible;
  const sameInput = possible.every(({ fields }) => fields === first?.fields);
  const sameHash = possible.every(({ hash }) => hash === first?.hash);
  const ends = [flow.source, flow.destination];
  const input = ends.map((end) => (first?.fields === 'sdfn' ? formatEndpoint(end) : end.address)).join(' ');
  return [
    step('RSS input', first !== undefined && sameInput ? input : null, why),
    first !== undefined && sameHash
      ? step('hash', hex32(first.hash), methodOf(first))
      : step('hash', null, possible.length === 0 ? why : possible.map(candidate).join('; ')),
    step('table entry', landed.entry, landed.size === 0 ? 'no RSS table is known' : `of ${landed.size}`),
    step('rx queue', landed.queue === null ? null : `rx-${landed.queue}`, landed.why),
  ];
}

function irqStep({ queue }: Walk, nic: Nic): ExplainStep {
  const name = nic.irqs.find(({ irq }) => irq === queue?.irq)?.name;
  return step(
    'IRQ',
    queue?.irq ?? null,
    name ?? (queue === null ? 'the rx queue is not known' : 'the IRQ of this queue is not known'),
  );
}

const methodOf = ({ variant, xfrm }: Hashed) => (xfrm === 'none' ? variant : `${variant}, ${xfrm}`);

const candidate = (hashed: Hashed) => `${hex32(hashed.hash)} by ${methodOf(hashed)} of ${hashed.fields}`;

const SOURCES = {
  effective: 'effective affinity of the IRQ',
  counts: 'the CPU that handled the IRQ since boot',
  affinity: 'affinity of the IRQ',
};

function cpuSteps(walk: Walk): ExplainStep[] {
  const { queue, from, redirected } = walk;
  if (redirected === null) return receivingSteps(walk);
  const { cpu, anyOf, why } = redirected;
  const on = step(
    'CPU',
    from.softirq,
    from.softirq === null ? 'not known' : 'of the queue, which runs the XDP program',
  );
  return [
    ...(queue === null ? [] : [on]),
    step('XDP', cpu, why, cpu === null && anyOf.length > 0 ? 1 / anyOf.length : null),
  ];
}

function receivingSteps({ arrival, queue, from, cpuGiven }: Walk): ExplainStep[] {
  if (cpuGiven) return [step('CPU', from.cpu, 'set by --cpu')];
  const source = queue?.cpusSource ? SOURCES[queue.cpusSource] : '';
  const instead = substitute(arrival.nic);
  if (instead !== null) return substituteSteps(instead, from);
  const thread = queue === null ? null : napiThreadOf(arrival.nic, queue.index);
  const how = thread === null ? source : 'where its NAPI thread is pinned';
  const on = step('CPU', from.softirq, from.softirq === null ? (from.why ?? '') : how);
  const cpu = thread === null ? [on] : [threadStep(thread), on];
  if (queue === null || queue.rps === null) return cpu;
  if (from.cpu === null && from.softirq !== null) {
    const spread = queue.rps.length > 1;
    const why = `${from.why}${spread ? ` ${formatCpuList(queue.rps)}, by the kernel's hash` : ''}`;
    return [...cpu, step('RPS', null, why, spread && queue.rfsFlows === 0 ? 1 / queue.rps.length : null)];
  }
  return queue.rps.length === 0 ? cpu : [...cpu, step('RPS', from.cpu, from.why ?? 'rps_cpus')];
}

const threadStep = ({ comm, pid, cpus }: NapiThread): ExplainStep =>
  step('NAPI thread', `${comm ?? ''} ${pid}`.trim(), `it receives in place of the softirq; ${where(cpus)}`);

function substituteSteps({ by, why }: Substitute, from: Receiver): ExplainStep[] {
  if (from.why === BESIDE_THREADS) return [step('CPU', null, from.why)];
  const hint = by === 'sender' && from.cpu === null ? ' (--cpu N: as if sent on CPU N)' : '';
  const cpu = step('CPU', null, `${why}${hint}`);
  if (from.why === why) return [cpu];
  const several = from.anyOf.length > 0;
  const over = several ? ` ${formatCpuList(from.anyOf)}, by the kernel's hash` : '';
  return [cpu, step('RPS', from.cpu, `${from.why}${over}`, several ? 1 / from.anyOf.length : null)];
}

function socketSteps({ found, members, ran, choice, delivery }: Walk): ExplainStep[] {
  const { group, why } = found;
  if (members === null) return [step('socket', null, why)];
  const owners = members.sockets.flatMap((socket) => socket.owners);
  const worker = workerStep(delivery, choice, owners);
  if (group === null) return [step('socket', members.id, `${why}; in no group`), worker];
  return [step('group', group.id, why), selectionStep(group, ran), slotStep(group, choice, delivery), worker];
}

function slotStep({ size }: Group, choice: MemberChoice, { slot }: Delivery): ExplainStep {
  switch (choice.kind) {
    case 'slot':
      return step('slot', choice.slot, `of ${size}`);
    case 'uniform':
      return step('slot', null, `any of ${choice.slots}`, 1 / choice.slots);
    case 'members':
      return step(
        'slot',
        slot,
        slot === null ? `one of ${choice.chances.size} members of this CPU` : `of ${size}`,
      );
    case 'unknown':
      return step('slot', null, choice.why);
  }
}

function workerStep({ worker, why }: Delivery, choice: MemberChoice, owners: readonly Owner[]): ExplainStep {
  if (worker !== null) {
    const { pid, tid, cpus } = worker;
    const owner = owners.find((each) => each.pid === pid);
    const comm = owner?.comm ?? '';
    const thread = tid === null || tid === pid ? '' : ` thread ${tid}`;
    // A worker on paper has no pid.
    const { unit = null, container = null } = owner ?? {};
    const whose = container?.podName ?? container?.name ?? unit;
    const of = whose === null ? '' : `, of ${whose}`;
    return step('worker', `${comm} ${pid === 0 ? '' : pid}${thread}`.trim(), `${where(cpus)}${of}`);
  }
  if (choice.kind === 'uniform') return step('worker', null, `any of ${choice.slots}`, 1 / choice.slots);
  return step('worker', null, choice.kind === 'unknown' ? choice.why : why);
}

function where(cpus: readonly number[] | null): string {
  if (cpus === null || cpus.length === 0) return 'its CPUs could not be read';
  return cpus.length === 1 ? `pinned to CPU ${cpus[0]}` : `may run on CPUs ${formatCpuList(cpus)}`;
}

function selectionStep({ selection, program }: Group, ran: Walk['ran']): ExplainStep {
  switch (selection) {
    case null:
      return step('selection', null, 'how the kernel picks a member could not be read');
    case 'hash':
      return step('selection', 'hash', "the kernel's hash; its random seed cannot be read");
    case 'incoming_cpu':
      return step('selection', 'SO_INCOMING_CPU', 'the members of the receiving CPU');
    default: {
      const name = `${selection === 'ebpf' ? 'eBPF ' : ''}program ${program?.name ?? ''}`.trim();
      return step(
        'selection',
        name,
        ran?.why ?? (selection === 'ebpf' ? 'what it picks is not known' : 'it could not be read'),
      );
    }
  }
}

function backSteps({ tx, txQueue, members }: Walk, nic: Nic): ExplainStep[] {
  if (members === null) return [];
  if (txQueue === null) return [step('tx queue', null, tx.why, tx.chance)];
  const chosen = step('tx queue', `tx-${txQueue.index}`, tx.why);
  // What a veth sends is freed where it is received.
  if (substitute(nic) !== null) return [chosen];
  const [cpu = null] = txQueue.cpus;
  const irq = txQueue.irq === null ? 'its IRQ is not known' : `of IRQ ${txQueue.irq}; it frees what was sent`;
  return [
    chosen,
    step(
      'tx CPU',
      txQueue.cpus.length === 1 ? cpu : null,
      txQueue.cpus.length > 1 ? `one of ${formatCpuList(txQueue.cpus)}` : irq,
    ),
  ];
}

function localStep({ found, delivery }: Walk): ExplainStep {
  const { localShare } = delivery;
  const why = found.group === null ? delivery.why.replace('slot 0: ', '') : delivery.why;
  if (localShare === 1 || localShare === 0)
    return step('locality', localShare === 1 ? 'local' : 'remote', why);
  return step('locality', null, why, localShare);
}
