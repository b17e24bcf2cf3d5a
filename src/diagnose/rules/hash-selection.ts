import type { Group } from '../../host/types.ts';
import type { Expected } from '../../path/types.ts';
import { names, percent } from '../../words/phrase.ts';
import { pinnedMembers } from '../groups.ts';
import { movesPeers } from '../hot-slot.ts';
import { memberOn } from '../matching.ts';
import type { AdvisedGroup, Facts, Found } from '../types.ts';

/** The hash knows nothing about CPUs: with N workers it picks the one on the receiving CPU one time in N. */
export function hashSelection({ expected, served }: Facts): readonly Found[] {
  const expectedOf = Map.groupBy(expected, ({ group }) => group);
  return served.flatMap((fed): Found[] => {
    const { group, nics, cpus, advice } = fed;
    const several = cpus === null ? nics.some(({ rxQueues }) => rxQueues.length > 1) : cpus.size > 1;
    const steered = advice.program === 'cpu' || advice.program === 'map';
    // Of a NIC without interrupts it is not known which CPUs send, so it is worth a line only if each has a worker.
    const bySender = nics.length === 0;
    const certain = steered && group.size >= (cpus?.size ?? Number.POSITIVE_INFINITY);
    if (group.selection !== 'hash' || !several || (bySender && !certain)) return [];
    const feeding = new Set(nics.map(({ name }) => name));
    const rows = (expectedOf.get(group.id) ?? []).filter(({ nic }) => bySender || feeding.has(nic));
    if (rows.length === 0) return [];
    return [
      {
        rule: 'hash-selection',
        severity: steered && !bySender ? 'warning' : 'info',
        subject: group.id,
        message: `The kernel picks one of ${group.size} sockets by hash: ${howMany(group, rows)}.`,
        remedy: `${outlook(fed, rows)}${bySender ? SENDERS : ''}${steered ? forPeers(group) : ''}`,
        fix: steered ? advice.fix : [],
      },
    ];
  });
}

const SENDERS =
  ' Packets are received on the CPU that sends them. It is not known which CPUs send: a worker whose CPU sends nothing ' +
  'would get nothing.';

/** The effect of the proposed program; NICs with the same figures share a sentence. */
function outlook({ group, cpus, advice }: AdvisedGroup, rows: readonly Expected[]): string {
  if (advice.program === 'map' && cpus !== null) {
    const on = memberOn(pinnedMembers(group));
    const staffed = [...cpus].filter((cpu) => on.has(cpu)).length;
    const share = staffed === cpus.size ? '100 %' : `a worker on ${staffed} of ${cpus.size} receiving CPUs`;
    return `Expected ${share} with \`map\`; slots and CPUs are not in the order that \`cpu\` needs.`;
  }
  if (advice.program !== 'cpu' || rows.some(({ now, cpu }) => now === null || cpu === null))
    return advice.why;
  const alike = Map.groupBy(rows, ({ now, cpu }) => `${figure(now)} local, ${figure(cpu)} with \`cpu\``);
  const sentences = [...alike].map(
    ([text, of]) => `Expected from ${names(of.map(({ nic }) => nic))}: ${text}.`,
  );
  return sentences.join(' ');
}

function forPeers(group: Group): string {
  const warning = movesPeers(group);
  return warning === null ? '' : ` ${warning}`;
}

function figure(share: number | null): string {
  return share === null ? 'an unknown share' : percent(share);
}

function howMany({ protocol }: Group, rows: readonly Expected[]): string {
  const packet = protocol === 'tcp' ? 'connection' : 'datagram';
  const local = 'a worker on its receiving CPU';
  const [share = null, another] = new Set(rows.map(({ hash }) => hash));
  if (share === null || another !== undefined) return `a ${packet} reaches ${local} only by chance`;
  if (share === 0) return `no ${packet} reaches ${local}`;
  const n = 1 / share;
  return Math.abs(n - Math.round(n)) < 0.01
    ? `one ${packet} in ${Math.round(n)} reaches ${local}`
    : `${percent(share)} of ${packet}s reach ${local}`;
}
