import { describe, expect, it } from 'vitest';
import { openSnapshotSource } from '../../src/live/snapshot-source.ts';
import { SCHEMA, type Snapshot } from '../../src/snapshot/types.ts';
import { host, nic, range } from '../fixtures/hosts.ts';

const machine = host({ cpus: 2, nics: [nic({ queues: 2 })] });
const reading = (times: number) => ({
  interfaces: [{ name: 'eth0', rx: 1000 * times, tx: 600 * times }],
  queues: range(2).map((index) => ({ nic: 'eth0', index, packets: 100 * (index + 1) * times })),
  interrupts: [{ irq: 32, count: 70 * times }],
});
const snapshot: Snapshot = {
  schema: SCHEMA,
  version: null,
  time: '2026-11-21T04:06:29.419Z',
  anonymized: false,
  host: machine,
  counters: { seconds: 2, readings: [reading(1), reading(3)] },
};

async function samplesOf(of: Snapshot) {
  const samples = [];
  for await (const sample of openSnapshotSource(of, of.host).samples(new AbortController().signal))
    samples.push(sample);
  return samples;
}

describe('a snapshot in the live view', () => {
  it('is one sample, with the rates between its readings', async () => {
    const [sample, ...more] = await samplesOf(snapshot);
    expect(more).toEqual([]);
    expect(sample).toMatchObject({
      time: snapshot.time,
      seconds: 2,
      rx: { packets: null, percent: null, pps: 1000 },
      tx: { pps: 600 },
      queues: [
        { nic: 'eth0', direction: 'rx', index: 0, irq: 32, interrupts: 70, pps: 100 },
        { nic: 'eth0', direction: 'rx', index: 1, irq: 33, interrupts: null, pps: 200 },
      ],
      probe: {
        state: 'missing',
        notes: ['nothing was measured: this is a snapshot of 2026-11-21T04:06:29Z'],
      },
    });
    expect(sample?.configuration.host).toEqual(machine);
  });

  it('of a captured tree has no rates, and cannot be changed', async () => {
    const [sample] = await samplesOf({ ...snapshot, time: null, counters: null });
    expect(sample).toMatchObject({ seconds: 0, rx: { pps: null }, queues: [] });
    expect(openSnapshotSource(snapshot, machine)).toMatchObject({ live: false, control: null });
  });
});
