/** Captures of whole machines, as a support engineer gets them: in a tar, and with parts of them missing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHost } from '../../src/host/host.ts';
import type { Host, RxQueue, TxQueue } from '../../src/host/types.ts';
import { parseSnapshot } from '../../src/snapshot/parse.ts';
import { takeSnapshot } from '../../src/snapshot/take.ts';
import { openTree } from '../../src/system/archive.ts';
import { range } from '../fixtures/hosts.ts';
import {
  type Capture,
  capture,
  type Description,
  irqsOf,
  only,
  toTar,
} from '../fixtures/machines/capture.ts';
import { MACHINES } from '../fixtures/machines/machines.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'machines-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(of: Capture): Promise<Host> {
  const path = join(folder, 'capture.tar.gz');
  writeFileSync(path, gzipSync(await toTar(of), { level: 1 }));
  const system = { files: await openTree(path), kernel: null };
  const host = await readHost(system, { ifaces: [], port: null, slots: false, sampleSeconds: 0 });
  expect(parseSnapshot(JSON.stringify(await takeSnapshot(system, host))).host).toEqual(host);
  return host;
}

/** [queue, its IRQ, its CPU] of each port. */
type Queues = readonly { readonly rx: readonly number[][]; readonly tx: readonly number[][] }[];

function expected(machine: Description): Queues {
  const irqs = irqsOf(machine);
  return machine.ports.map(({ vectors, rxQueues, txQueues }, port) => {
    const of = (kind: 'rx' | 'tx', queue: number): number[] => {
      const at = vectors.findIndex((vector) => vector[kind] === queue);
      return [queue, irqs[port]?.[at] ?? -1, vectors[at]?.cpu ?? -1];
    };
    return {
      rx: range(rxQueues).map((queue) => of('rx', queue)),
      tx: range(txQueues).map((queue) => of('tx', queue)),
    };
  });
}

const found = ({ nics }: Host): Queues => {
  const of = ({ index, irq, cpus }: RxQueue | TxQueue): number[] => [index, irq ?? -1, ...cpus];
  return nics.map(({ rxQueues, txQueues }) => ({ rx: rxQueues.map(of), tx: txQueues.map(of) }));
};

describe.each(MACHINES.map((machine) => [machine.hostname, machine] as const))(
  'a capture of %s',
  (_, machine) => {
    const whole = capture(machine);

    it('contains NICs, queues, IRQs and CPUs', async () => {
      const host = await read(whole);
      expect(host.machine.hostname).toBe(machine.hostname);
      expect(host.machine.cpus.online).toHaveLength(machine.cpus);
      expect(host.machine.cpus.numa).toHaveLength(machine.nodes);
      expect(
        host.nics.map(({ name, driver, busInfo, numaNode }) => [name, driver, busInfo, numaNode]),
      ).toEqual(machine.ports.map(({ name, driver, pci, numaNode }) => [name, driver, pci, numaNode]));
      expect(found(host)).toEqual(expected(machine));
      const sources = new Set(host.nics.flatMap(({ irqs }) => irqs.map(({ source }) => source)));
      expect([...sources]).toEqual(['msi_irqs']);
    });

    it('gives the same without msi_irqs: by the device in /proc/interrupts', async () => {
      const host = await read(only(whole, (path) => !path.includes('/msi_irqs/')));
      expect(found(host)).toEqual(expected(machine));
      const sources = new Set(host.nics.flatMap(({ irqs }) => irqs.map(({ source }) => source)));
      expect([...sources]).toEqual(['hwirq']);
    });

    it('gives queues, IRQs and CPUs from /proc/interrupts alone', async () => {
      const host = await read(only(whole, (path) => path === '/proc/interrupts'));
      const queues = (of: Queues) => of.map(({ rx }) => rx.filter(([, irq]) => irq !== -1));
      // Nothing there shows how many of mlx5's completion vectors have a channel.
      if (machine.hostname === 'mlx5')
        expect(found(host).map(({ rx }) => rx.slice(0, 32))).toEqual(queues(expected(machine)));
      else expect(queues(found(host))).toEqual(queues(expected(machine)));
    });
  },
);
