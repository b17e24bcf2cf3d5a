import { formatCpuList } from '../../host/cpus.ts';
import type { Group, Host } from '../../host/types.ts';
import { count, names, percent, queueNames } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { ofWhom } from '../../words/whose.ts';
import { type Evidence, filledQueue } from '../filled-queue.ts';
import { homeCpus } from '../nics.ts';
import type { Facts, Found } from '../types.ts';
import { usableCpus } from '../usable-cpus.ts';
import { memberName } from '../workers.ts';

/** RSS cannot split a flow, and a tunnel is one flow to it. XDP can, by what the packets carry. */
export function flowFillsQueue(facts: Facts): readonly Found[] {
  return facts.placements.flatMap((placement): Found[] => {
    const filled = filledQueue(facts, placement);
    if (filled === null) return [];
    const { nic, queue, evidence } = filled;
    const cpus = homeCpus(facts.host, nic) ?? usableCpus(facts.host);
    return [
      {
        rule: 'flow-fills-queue',
        severity: 'warning',
        subject: nic.name,
        message:
          `${queueNames('rx', queue.rx)} took ${percent(queue.share)} of the interrupts of ${nic.name}'s RX queues since boot, ` +
          `a fair share is ${percent(queue.fair)}; ${causeOf(evidence)}`,
        ...remedyOf(evidence, nic.name, cpus),
      },
    ];
  });
}

function causeOf(evidence: Evidence): string {
  if (evidence.by === 'group') {
    const { group, slot } = evidence;
    return (
      `and ${memberName(slot.member)}${ofWhom(slot.member.owners)} of ${group.id} read ${percent(slot.share)} of ${slot.total} datagrams. ` +
      'So nearly all of them come from one address and port: one flow, which RSS and RPS cannot split.'
    );
  }
  const { tunnels } = evidence;
  const which = tunnels.map(({ name, driver }) => `${name} (${driver})`);
  return (
    `and this machine has ${count(tunnels.length, 'tunnel')}: ${names(which)}. The NIC hashes only the outer addresses of such packets, ` +
    'so a tunnel between two machines is one flow, on one queue.'
  );
}

/** A tunnel is known to be split by its inner flows; of a port it is not known what tells its packets apart. */
function remedyOf(
  evidence: Evidence,
  nic: string,
  cpus: readonly number[],
): Pick<Found, 'remedy' | 'fix' | 'after'> {
  if (evidence.by === 'group') return { remedy: byPort(evidence.group, nic), fix: [] };
  if (cpus.length < 2) return { remedy: 'There is no other CPU for them.', fix: [] };
  const fix = [`locality-tune xdp spread --iface ${word(nic)} --by inner --cpus ${formatCpuList(cpus)}`];
  return {
    remedy:
      'The command spreads them by the flow inside; it asks first, and says what attaching does to the interface. RPS does the same for GRE and IPIP after the first CPU has allocated each packet.',
    fix,
    after: (host) => withCpuMap(host, cpus),
  };
}

const QUIC: ReadonlySet<number> = new Set([443, 8443]);

function byPort({ port }: Group, nic: string): string {
  const spread = (by: string) =>
    `\`locality-tune xdp spread --iface ${word(nic)} --port ${port} --by ${by} --with-program\``;
  return QUIC.has(port)
    ? `${spread('quic')} spreads QUIC by its connection id, to the worker of each CPU.`
    : `${spread('payload:OFFSET:MASK')} spreads them by bits of the payload that tell their flows apart (\`--by random\` if order does not matter), to the worker of each CPU.`;
}

/** The kernel threads of the spread are there afterwards. */
function withCpuMap(host: Host, cpus: readonly number[]): Host {
  const threads = cpus.map((cpu) => ({
    kind: 'cpumap' as const,
    pid: 0,
    comm: `cpumap/${cpu}/map:0`,
    cpu,
    seconds: 0,
  }));
  const { machine } = host;
  return { ...host, machine: { ...machine, kernelThreads: [...(machine.kernelThreads ?? []), ...threads] } };
}
