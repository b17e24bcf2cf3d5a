import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInterrupts } from '../../src/host/interrupts.ts';
import type { Nic } from '../../src/host/types.ts';

const namespace = `lt-nics-${process.pid}`;
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });

/** A name that a real IRQ bears too: names are the machine's, interfaces the namespace's. */
const { lines } = parseInterrupts(readFileSync('/proc/interrupts', 'utf8'));
const borrowed =
  lines.flatMap(({ actions }) => actions).find((action) => /^[\w.-]{1,15}$/.test(action)) ?? 'eth0';

beforeAll(() => {
  ip('netns', 'add', namespace);
  const queues = ['numrxqueues', '4', 'numtxqueues', '4'];
  ip(
    '-n',
    namespace,
    'link',
    'add',
    'name',
    borrowed,
    ...queues,
    'type',
    'veth',
    'peer',
    'name',
    'far0',
    ...queues,
  );
  ip('-n', namespace, 'link', 'add', 'name', 'br0', 'type', 'bridge');
  ip('-n', namespace, 'link', 'set', 'dev', borrowed, 'master', 'br0');
  const queue = `/sys/class/net/${borrowed}/queues`;
  const settings = `echo 2 > ${queue}/tx-3/xps_cpus; echo 1 > ${queue}/rx-1/rps_cpus`;
  ip('netns', 'exec', namespace, 'sh', '-c', settings);
});
afterAll(() => {
  ip('netns', 'del', namespace);
});

describe('NICs of a network namespace', () => {
  it('bridge, port, queues and their settings; no IRQ of the host', () => {
    const script = `${import.meta.dirname}/look-at-nics.ts`;
    const nics: Nic[] = JSON.parse(ip('netns', 'exec', namespace, process.execPath, script));
    const byName = new Map(nics.map((nic) => [nic.name, nic]));
    expect([...byName.keys()].sort()).toEqual(['br0', 'far0', borrowed].sort());
    expect(byName.get('br0')).toMatchObject({ driver: 'bridge', lowerDevices: [borrowed], irqs: [] });
    const port = byName.get(borrowed);
    expect(port).toMatchObject({ driver: 'veth', busInfo: null, lowerDevices: [], irqs: [] });
    expect(port?.rxQueues.map(({ rps }) => rps)).toEqual([[], [0], [], []]);
    expect(port?.txQueues.map(({ xpsCpus }) => xpsCpus)).toEqual([[], [], [], [1]]);
    expect(port?.txQueues.map(({ irq }) => irq)).toEqual([null, null, null, null]);
  });
});
