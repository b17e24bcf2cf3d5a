import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { portsBelow } from '../../src/host/lower-devices.ts';

describe('ports below', () => {
  const lowers: Record<string, string[]> = {
    br0: ['bond0.5', 'veth1'],
    'bond0.5': ['bond0'],
    bond0: ['eth0', 'eth1'],
    mac0: ['eth0'],
    loop0: ['loop1'],
    loop1: ['loop0', 'eth2'],
  };
  const below = (name: string) => portsBelow(name, (device) => lowers[device] ?? []);

  it('descends to what has nothing below it, each once', () => {
    expect(below('br0')).toEqual(['eth0', 'eth1', 'veth1']);
    expect(below('mac0')).toEqual(['eth0']);
    expect(below('eth0')).toEqual([]);
    expect(below('loop0')).toEqual(['eth2']);
  });

  it('ends on any graph', () => {
    const graphs = fc.array(fc.array(fc.nat(9), { maxLength: 10 }), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(graphs, (graph) => {
        const ports = portsBelow('0', (name) => graph[Number(name)]?.map(String) ?? []);
        expect(new Set(ports).size).toBe(ports.length);
        expect(ports.every((port) => graph[Number(port)]?.length === 0)).toBe(true);
      }),
    );
  });
});
