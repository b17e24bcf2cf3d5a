import type { Nic } from '../../host/types.ts';
import { names } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import { withNic } from '../after.ts';
import { byAddress, receives } from '../hash-fields.ts';
import { liveNics } from '../nics.ts';
import type { Facts, Found } from '../types.ts';

function withPorts(nic: Nic, types: readonly ('udp4' | 'udp6')[]): Nic {
  if (nic.rss === null) return nic;
  const ports = Object.fromEntries(types.map((type) => [type, 'sdfn']));
  return { ...nic, rss: { ...nic.rss, fields: { ...nic.rss.fields, ...ports } } };
}

/** Most drivers hash UDP by addresses only: one busy peer, or one proxy, then uses only one queue and one CPU. */
export function udpHashedByAddress({ host, served, quiet }: Facts): readonly Found[] {
  const groups = served.filter(({ group }) => group.protocol === 'udp');
  const pairs = groups.flatMap(({ group, nics }) => nics.map((nic) => ({ group, nic })));
  const byNic = Map.groupBy(pairs, ({ nic }) => nic);
  return liveNics(host).flatMap((nic): Found[] => {
    const behind = byNic.get(nic)?.map(({ group }) => group) ?? [];
    const types = (['udp4', 'udp6'] as const).filter((type) => {
      return byAddress(nic, type) && behind.some((group) => receives(group, type));
    });
    if (nic.rxQueues.length < 2 || types.length === 0) return [];
    const ids = behind.map(({ id }) => id);
    return [
      {
        rule: 'udp-hashed-by-address',
        severity: quiet.has(nic) ? 'info' : 'warning',
        subject: nic.name,
        message:
          `RSS hashes ${types.join(' and ')} by addresses only, so all datagrams of one peer arrive on ` +
          `one of ${nic.rxQueues.length} queues; hashing ports too would spread ${names(ids)} better.`,
        fix: types.map((type) => `ethtool -N ${word(nic.name)} rx-flow-hash ${type} sdfn`),
        after: (each) => withNic(each, nic.name, (own) => withPorts(own, types)),
      },
    ];
  });
}
