/** Hashes UDP by ports too, if the NIC hashes only addresses. */
import { byAddress, receives } from '../../diagnose/hash-fields.ts';
import { nicsFeeding } from '../../path/receiving-nics.ts';
import { word } from '../../words/shell.ts';
import type { Change } from '../types.ts';
import { nicAfterFindings } from './as-found.ts';
import type { KindPlanner } from './planner.ts';

export const fields: KindPlanner = ({ host, nics, groups, assignment }) => {
  const served = host.groups
    .filter(({ id, protocol }) => protocol === 'udp' && groups.has(id))
    .map((group) => ({ group, nics: nicsFeeding(group, host) }));
  const changes = nics.flatMap((nic): Change[] => {
    const behind = served.filter((each) => each.nics.has(nic)).map(({ group }) => group);
    const asFound = assignment.serving.get(nic.name)?.asFound === true;
    const found = asFound ? nicAfterFindings(host, nic)?.rss?.fields : undefined;
    if (nic.rxQueues.length < 2) return [];
    return (['udp4', 'udp6'] as const)
      .filter((flow) => byAddress(nic, flow))
      .filter((flow) => found?.[flow] === 'sdfn' || behind.some((group) => receives(group, flow)))
      .map((flow) => ({
        kind: 'fields' as const,
        subject: `${nic.name} ${flow} hash fields`,
        target: { kind: 'fields' as const, nic: nic.name, flow },
        from: nic.rss?.fields[flow] ?? null,
        to: 'sdfn',
        why: 'All datagrams of one peer arrive on one queue; hashing ports spreads them.',
        command: `ethtool -N ${word(nic.name)} rx-flow-hash ${flow} sdfn`,
      }));
  });
  const caution =
    'IP fragments have no ports: with `sdfn` they are hashed differently from whole datagrams of the same ' +
    'flow, and may overtake them.';
  return { changes, notes: changes.length > 0 ? [caution] : [] };
};
