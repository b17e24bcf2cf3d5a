/** A snapshot as a source: the machine at that time, in one sample. */

import { diagnose } from '../diagnose/diagnose.ts';
import type { Host } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import { interfaceRates, rxQueueRates } from '../snapshot/rates.ts';
import type { Snapshot } from '../snapshot/types.ts';
import type { QueueSample, Sample, Source } from './types.ts';

/** @param host the visible part of the snapshot's machine */
export function openSnapshotSource(snapshot: Snapshot, host: Host): Source {
  const sample = toSample(snapshot, host);
  return {
    live: false,
    control: null,
    replay: null,
    setInterval: () => {},
    refresh: () => {},
    listen: () => {},
    async *samples() {
      yield sample;
    },
  };
}

function toSample({ time, counters }: Snapshot, host: Host): Sample {
  const rates = counters === null ? { rx: null, tx: null } : interfaceRates(counters);
  const unmeasured = { packets: null, local: null, percent: null };
  const view = viewOf(host);
  // The tree was captured without a time.
  const at = time ?? new Date(0).toISOString();
  return {
    time: at,
    seconds: counters?.seconds ?? 0,
    cpus: host.machine.cpus.online,
    port: null,
    rx: { ...unmeasured, pps: rates.rx },
    tx: { ...unmeasured, pps: rates.tx },
    rxMatrix: null,
    txMatrix: null,
    accept: null,
    loads: [],
    queues: counters !== null ? queuesOf(host, counters) : [],
    members: [],
    events: [],
    probe: {
      state: 'missing',
      coverage: null,
      notes: [
        `nothing was measured: this is a snapshot${time === null ? '' : ` of ${time.replace(/\.\d+Z$/, 'Z')}`}`,
      ],
    },
    configuration: { ...view, findings: diagnose(view), readAt: at },
  };
}

function queuesOf(host: Host, counters: NonNullable<Snapshot['counters']>): readonly QueueSample[] {
  const irqs = new Map(
    host.nics.flatMap(({ name, rxQueues }) =>
      rxQueues.map(({ index, irq }) => [`${name} ${index}`, irq] as const),
    ),
  );
  return rxQueueRates(host.nics, counters).map(({ nic, rxQueue, pps, interrupts }) => ({
    nic,
    direction: 'rx',
    index: rxQueue,
    irq: irqs.get(`${nic} ${rxQueue}`) ?? null,
    interrupts: interrupts === null ? null : Math.round(interrupts / counters.seconds),
    pps,
  }));
}
