import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Group, LoneSocket } from '../../src/host/types.ts';
import { finder } from '../../src/path/explain-listener.ts';
import { group, owner, pinned } from '../fixtures/hosts.ts';
import { flow } from './flows.ts';

type Binding = readonly [address: string, device: string | null, reuseport: boolean];

interface Seen {
  readonly protocol: 'tcp' | 'udp';
  /** In the order in which they were bound. */
  readonly pair: readonly [Binding, Binding];
  readonly winner: 0 | 1;
}

/** In a network namespace of its own. */
function observe(): Seen[] {
  const script = `ip link set lo up && exec python3 ${join(import.meta.dirname, 'listeners.py')}`;
  const lines = execFileSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Seen);
}

function hostOf(protocol: Seen['protocol'], pair: readonly Binding[]) {
  const made = pair.map(([address, device, reuseport]) => ({
    reuseport,
    of: group({ protocol, address, device, port: 28098, workers: pinned(0) }),
  }));
  const lone = ({ of }: { readonly of: Group }): LoneSocket => {
    const { id, protocol, address, port, device } = of;
    return {
      id,
      protocol,
      address,
      port,
      device,
      inode: 1,
      owners: [owner([0])],
      processes: 1,
      recvQueue: 0,
      drops: 0,
    };
  };
  return {
    groups: made.filter(({ reuseport }) => reuseport).map(({ of }) => of),
    lone: made.filter(({ reuseport }) => !reuseport).map(lone),
    ids: made.map(({ of }) => of.id),
  };
}

describe('the socket that is found', () => {
  it('is the one that the kernel takes, and not known just where the order of binding decides', () => {
    const seen = observe();
    const byPair = Map.groupBy(
      seen,
      ({ protocol, pair }) =>
        `${protocol} ${pair
          .map((each) => each.join())
          .sort()
          .join(' ')}`,
    );
    const both = [...byPair.values()].filter(({ length }) => length === 2);
    expect(both.length).toBeGreaterThan(60);
    for (const [one, other] of both) {
      if (one === undefined || other === undefined) continue;
      const { ids, ...host } = hostOf(one.protocol, one.pair);
      const found = finder(host)(flow(`${one.protocol} 127.0.0.1:40000 127.0.0.1:28098`), new Set(['lo']));
      // The other order's pair is the same one turned round.
      const decided = one.winner !== other.winner ? ids[one.winner] : null;
      expect([one, (found.group ?? found.lone)?.id ?? null]).toEqual([one, decided]);
    }
  });
});
