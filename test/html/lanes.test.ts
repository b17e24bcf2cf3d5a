import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Group, Host } from '../../src/host/types.ts';
import { draw, lanesOf } from '../../src/html/lanes.ts';
import { joinPaths } from '../../src/path/join.ts';
import { group, host, nic, owner, pinned, range } from '../fixtures/hosts.ts';
import { bad, huge, unknown } from '../report/machines.ts';

const lanes = (machine: Host, of: Group | undefined = machine.groups[0]) =>
  lanesOf(
    joinPaths(machine).filter((path) => path.group === (of?.id ?? null)),
    of ?? null,
  );

const titles = (machine: Host) => lanes(machine).map(({ boxes }) => boxes.map((box) => box?.title));

describe('lanes', () => {
  const workers = { workers: pinned(0, 1), program: 'cpu' } as const;

  it('of two queues: one each', () => {
    const machine = host({ cpus: 2, nics: [nic({ queues: 2, xps: true })], groups: [group(workers)] });
    expect(titles(machine)).toEqual([
      ['rx-0', 'CPU 0', 'slot 0', 'server 1000', 'tx-0'],
      ['rx-1', 'CPU 1', 'slot 1', 'server 1001', 'tx-1'],
    ]);
    expect(lanes(machine).map(({ local, tone }) => [local, tone])).toEqual([
      ['100 %', 'local'],
      ['100 %', 'local'],
    ]);
  });

  it('of 128 queues: those that go alike share one', () => {
    const machine = host({
      cpus: 128,
      nics: [
        nic({
          queues: 128,
          xps: range(128).map((cpu) => [cpu]),
          irqCpus: range(128).map((queue) => (queue === 70 ? 3 : queue)),
        }),
      ],
      groups: [group({ workers: pinned(...range(128)), program: 'cpu' })],
    });
    expect(titles(machine)).toEqual([
      ['rx-0 … 69', 'CPU 0 … 69', 'slot 0 … 69', '70 workers', 'tx-0 … 69'],
      ['rx-70', 'CPU 3', 'slot 3', 'server 1003', 'tx-3'],
      ['rx-71 … 127', 'CPU 71 … 127', 'slot 71 … 127', '57 workers', 'tx-71 … 127'],
    ]);
  });

  it('say whose a worker is', () => {
    const worker = (cpu: number) => ({
      cpu,
      more: { owners: [owner([cpu], { pid: 7 + cpu, unit: `relay@${cpu}.service` })] },
    });
    const machine = (program: 'cpu' | 'hash') =>
      host({
        cpus: 2,
        nics: [nic({ queues: 2 })],
        groups: [group({ workers: [worker(0), worker(1)], program })],
      });
    const details = (of: Host) => lanes(of).map(({ boxes }) => boxes[3]?.detail);
    expect(details(machine('cpu'))).toEqual(['on CPU 0, relay@0.service', 'on CPU 1, relay@1.service']);
    const both = 'on CPU 0-1, relay@0.service, relay@1.service';
    expect(details(machine('hash'))).toEqual([both, both]);
  });

  it('of a hash: any slot, all workers', () => {
    const machine = host({ cpus: 2, nics: [nic({ queues: 2 })], groups: [group({ workers: pinned(0, 1) })] });
    expect(titles(machine)).toEqual([
      ['rx-0', 'CPU 0', 'any of 2', '2 workers', 'not decided'],
      ['rx-1', 'CPU 1', 'any of 2', '2 workers', 'not decided'],
    ]);
  });

  it('of what is not known: open boxes', () => {
    for (const { boxes, tone } of lanes(unknown)) {
      expect(boxes.slice(1).map((box) => box?.known)).toEqual([false, false, false, false]);
      expect(tone).toBe('unknown');
    }
  });

  it('without a group: queues, CPUs and tx queues only', () => {
    const [lane] = lanes(host({ nics: [nic({ queues: 1 })] }));
    expect(lane?.boxes.map((box) => box?.title)).toEqual(['rx-0', 'CPU 0', undefined, undefined, 'tx-0']);
  });
});

describe('a drawing', () => {
  it('connects every lane from end to end, and overlaps no boxes', () => {
    const queueCpus = fc.array(fc.nat(7), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(queueCpus, fc.constantFrom<'cpu' | 'hash'>('cpu', 'hash'), (irqCpus, program) => {
        const machine = host({
          nics: [nic({ queues: irqCpus.length, irqCpus, xps: true })],
          groups: [group({ workers: pinned(...range(8)), program })],
        });
        const drawn = lanes(machine);
        const { boxes, edges, height } = draw(drawn);
        for (const column of range(5)) {
          const ys = boxes.filter((box) => box.column === column).map(({ y }) => y);
          ys.sort((a, b) => a - b).forEach((y, at) => {
            expect(y - (ys[at - 1] ?? -1)).toBeGreaterThan(1 - 1e-9);
            expect(y + 1).toBeLessThan(height + 1e-9);
          });
        }
        for (const lane of drawn)
          lane.boxes.slice(1).forEach((box, at) => {
            const joined = edges.some(
              ({ from, to }) => from.title === lane.boxes[at]?.title && to.title === box?.title,
            );
            expect(joined).toBe(true);
          });
      }),
    );
  });

  it('shows once what several queues share, in the colour of the most severe finding', () => {
    const [, udp] = bad.groups;
    const { boxes, edges } = draw(lanes(bad, udp));
    expect(boxes.filter(({ title }) => title === 'CPU 3')).toHaveLength(1);
    expect(edges.filter(({ to }) => to.title === 'CPU 3')).toHaveLength(2);
    expect(edges.filter(({ tone }) => tone === 'remote').length).toBeGreaterThan(0);
  });

  it('of 8 NICs with 128 queues each is a few lanes', () => {
    expect(lanes(huge).length).toBeLessThanOrEqual(24);
  });
});
