import { napiThreadOf } from '../../host/napi-threads.ts';
import type { Host, NapiThread, Nic } from '../../host/types.ts';
import { pinThreadCommand } from '../../words/commands.ts';
import { cpuNames } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { withNic } from '../after.ts';
import { liveNics, oneCpu } from '../nics.ts';
import type { Facts, Found } from '../types.ts';

/** With threads the scheduler decides where packets are received, unless each thread is pinned. */
export function threadedNapi({ host, quiet }: Facts): readonly Found[] {
  return liveNics(host).flatMap((nic): Found[] => {
    if (nic.threadedNapi !== true) return [];
    const threads = nic.rxQueues.map(({ index }) => napiThreadOf(nic, index));
    const loose = threads.filter((thread) => thread?.cpus?.length !== 1);
    if (nic.rxQueues.length > 0 && loose.length === 0) return [];
    const common = {
      rule: 'threaded-napi',
      severity: quiet.has(nic) ? 'info' : 'warning',
      subject: nic.name,
    } as const;
    const pins = pinsFor(nic);
    if (pins === null)
      return [
        {
          ...common,
          message: `NAPI runs in kernel threads (napi/…), so ${WHERE}`,
          fix: [`echo 0 > ${word(`/sys/class/net/${nic.name}/threaded`)}`],
          after: (each: Host) => withNic(each, nic.name, (own) => ({ ...own, threadedNapi: false })),
        },
      ];
    const cpus = cpuNames(loose.flatMap((thread) => thread?.cpus ?? []));
    return [
      {
        ...common,
        message: `NAPI runs in kernel threads, ${pins.size} of which may run on several of ${cpus}: ${WHERE}`,
        remedy: "The commands pin each to the CPU of its queue's interrupt.",
        fix: [...pins].map(([{ pid }, cpu]) => pinThreadCommand(pid, cpu)),
        after: (each: Host) => withNic(each, nic.name, (own) => withThreads(own, pins)),
      },
    ];
  });
}

const WHERE = "packets are received where the scheduler runs these threads, not on the IRQs' CPUs.";

/** The CPU of each thread that is not pinned: that of its queue's interrupt. null: not all threads and CPUs are known. */
function pinsFor(nic: Nic): ReadonlyMap<NapiThread, number> | null {
  const pins = new Map<NapiThread, number>();
  for (const queue of nic.rxQueues) {
    const thread = napiThreadOf(nic, queue.index);
    const cpu = oneCpu(queue);
    if (thread === null || cpu === null) return null;
    if (thread.cpus?.length !== 1) pins.set(thread, pins.get(thread) ?? cpu);
  }
  return pins;
}

function withThreads(nic: Nic, pins: ReadonlyMap<NapiThread, number>): Nic {
  const cpuOf = new Map([...pins].map(([{ pid }, cpu]) => [pid, cpu]));
  const napiThreads = nic.napiThreads?.map((thread) => {
    const cpu = cpuOf.get(thread.pid);
    return cpu === undefined ? thread : { ...thread, cpus: [cpu] };
  });
  return { ...nic, napiThreads: napiThreads ?? null };
}
