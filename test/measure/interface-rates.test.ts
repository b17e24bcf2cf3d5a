import { describe, expect, it } from 'vitest';
import { countedInterfaces, packetRates, readPacketCounts } from '../../src/measure/interface-rates.ts';
import type { Files } from '../../src/system/types.ts';

/** Entries of /sys/class/net, with the packets that each has received and sent. */
function machine(
  interfaces: Readonly<Record<string, readonly [rx: number, tx: number, ...entries: string[]]>>,
): Files {
  const at = (path: string) => path.replace('/sys/class/net', '').split('/').slice(1);
  return {
    root: '/',
    text: (path) => {
      const [name = '', , counter] = at(path);
      const packets = interfaces[name]?.[counter === 'rx_packets' ? 0 : 1];
      return packets === undefined ? null : `${packets}\n`;
    },
    list: (path) => {
      const [name] = at(path);
      if (name === undefined) return ['bonding_masters', ...Object.keys(interfaces)];
      const [, , ...entries] = interfaces[name] ?? [0, 0];
      return name in interfaces ? ['statistics', ...entries] : [];
    },
    link: () => null,
    real: () => null,
    exists: () => false,
    denied: [],
  };
}

describe('packets a second', () => {
  it('count what passes the hardware and lo, once', () => {
    const host = machine({
      lo: [1, 1],
      eth0: [100, 200, 'device', 'upper_bond0'],
      eth1: [10, 20, 'device', 'upper_bond0'],
      bond0: [110, 220, 'lower_eth0', 'lower_eth1'],
      'bond0.7': [50, 60, 'lower_bond0'],
      veth7: [5, 6],
    });
    expect(countedInterfaces(host)).toEqual(['eth0', 'eth1', 'lo']);
    expect(readPacketCounts(host).packets.get('eth1')).toEqual({ rx: 10, tx: 20 });
  });

  it('count interfaces without a lower device if there is no hardware', () => {
    const container = machine({ lo: [1, 1], eth0: [5, 6], 'eth0.7': [5, 6, 'lower_eth0'] });
    expect(countedInterfaces(container)).toEqual(['eth0', 'lo']);
  });

  const counts = (at: number, packets: Readonly<Record<string, { rx: number; tx: number }>>) => ({
    at,
    packets: new Map(Object.entries(packets)),
  });

  it('are the growth over the time it took', () => {
    const before = counts(1_000, { lo: { rx: 10, tx: 10 }, eth0: { rx: 1_000, tx: 2_000 } });
    const after = counts(3_000, { lo: { rx: 30, tx: 30 }, eth0: { rx: 5_000, tx: 2_100 } });
    expect(packetRates(before, after)).toEqual({ rx: 2_010, tx: 60 });
  });

  it('leave out an interface that is new, or was reset', () => {
    const before = counts(0, { eth0: { rx: 1_000, tx: 10 } });
    const after = counts(1_000, { eth0: { rx: 5, tx: 40 }, eth1: { rx: 1_000_000, tx: 1_000_000 } });
    expect(packetRates(before, after)).toEqual({ rx: null, tx: 30 });
    expect(packetRates(counts(0, {}), counts(1_000, {}))).toEqual({ rx: null, tx: null });
  });
});
