/** Pins each NAPI thread to the CPU of the worker that its queue feeds. */
import { formatCpuList } from '../../host/cpus.ts';
import { napiThreadOf } from '../../host/napi-threads.ts';
import { substitute } from '../../host/no-interrupts.ts';
import type { NapiThread, Nic } from '../../host/types.ts';
import { pinThreadCommand } from '../../words/commands.ts';
import { queueNames } from '../../words/phrase.ts';
import { write } from '../../words/shell.ts';
import { subjectOf } from '../subject.ts';
import type { Change, Refused, Target } from '../types.ts';
import { changesChannels, type KindPlanner, type PlanContext } from './planner.ts';

export const napi: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of context.nics) {
    // Without threads a veth's NAPI is off.
    const off = nic.napiThreads?.length === 0 && substitute(nic) !== null;
    if (nic.threadedNapi !== true || off) continue;
    if (changesChannels(context, nic)) {
      refused.push({
        subject: nic.name,
        why: 'Its NAPI threads end with the change of channels, so they cannot be pinned yet: plan again afterwards.',
      });
      continue;
    }
    const { pins, unknown } = pinsOf(context, nic);
    changes.push(...pins);
    if (pins.length > 0 && substitute(nic) !== null)
      notes.push(
        `${nic.name}: its NAPI threads receive only what a peer without TSO sends (ethtool -K PEER tso off).`,
      );
    if (unknown.length > 0) refused.push({ subject: nic.name, why: whyUnknown(nic, unknown) });
  }
  return { changes, refused, notes };
};

function pinsOf({ spreads, assignment }: PlanContext, nic: Nic) {
  const serving = assignment.serving.get(nic.name);
  const pins = new Map<number, Change>();
  const unknown: number[] = [];
  for (const [{ rx }, cpu] of spreads.get(nic.name)?.cpuOf ?? [])
    for (const queue of rx) {
      const thread = napiThreadOf(nic, queue);
      if (thread === null) unknown.push(queue);
      else if (cpu !== null && !staysOn(thread, cpu, serving?.asFound === true))
        pins.set(
          thread.pid,
          change(nic, thread, queue, cpu, serving?.workers === true && serving.cpus.includes(cpu)),
        );
    }
  return { pins: [...pins.values()], unknown };
}

/** Where nobody serves, a thread that is pinned elsewhere is there on purpose. */
const staysOn = ({ cpus }: NapiThread, cpu: number, asFound: boolean): boolean =>
  cpus?.length === 1 && (asFound || cpus[0] === cpu);

function change(nic: Nic, thread: NapiThread, queue: number, cpu: number, worker: boolean): Change {
  const { pid, comm, napi: instance, cpus } = thread;
  const queues = thread.rx.length > 0 ? thread.rx : [queue];
  const target: Target = {
    kind: 'napi',
    nic: nic.name,
    queues,
    pid,
    startTime: null,
    comm: comm ?? '',
    napi: instance,
  };
  return {
    kind: 'napi',
    subject: subjectOf(target),
    target,
    from: cpus === null ? null : formatCpuList(cpus),
    to: String(cpu),
    why: worker ? `The worker of its packets is on CPU ${cpu}.` : `CPU ${cpu} is that of its queue.`,
    command: pinThreadCommand(pid, cpu),
  };
}

const whyUnknown = (nic: Nic, queues: readonly number[]): string =>
  `${queueNames('rx', queues)}: which NAPI thread receives for them is not known (Linux 6.8 says it for most drivers), so the scheduler ` +
  `decides the CPU: \`${write('0', `/sys/class/net/${nic.name}/threaded`)}\` ends that.`;
