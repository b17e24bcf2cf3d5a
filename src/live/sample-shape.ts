/** The shape of a `Sample` in a recording: src/live/types.ts again, as a check of files from other machines. */
import { diagnose } from '../diagnose/diagnose.ts';
import type { AcceptListener, AcceptPair } from '../measure/accept.ts';
import { viewOf } from '../path/view.ts';
import { host } from '../snapshot/host-shape.ts';
import {
  isRecord,
  list,
  Mismatch,
  nullable,
  number,
  object,
  oneOf,
  type Shape,
  text,
  whole,
} from '../system/shape.ts';
import { printable } from '../words/printable.ts';
import type {
  Accept,
  Configuration,
  CpuLoad,
  LiveEvent,
  LocalityFigure,
  MemberSample,
  ProbeState,
  QueueSample,
  Sample,
  XdpFigure,
} from './types.ts';

const natural = whole(0, Number.MAX_SAFE_INTEGER);
const index = whole(0, 65_535);

/** Seconds and rates: not negative, and not too large to display. */
const amount: Shape<number> = (value, at) => {
  const found = number(value, at);
  if (found < 0 || found > Number.MAX_SAFE_INTEGER)
    throw new Mismatch(`${at}: a number from 0 on expected, found ${found}`);
  return found;
};

const percent: Shape<number> = (value, at) => {
  const found = amount(value, at);
  if (found > 100) throw new Mismatch(`${at}: a percentage expected, found ${found}`);
  return found;
};

const line: Shape<string> = (value, at) => printable(text(value, at));

const time: Shape<string> = (value, at) => {
  const found = Date.parse(text(value, at));
  if (Number.isNaN(found)) throw new Mismatch(`${at}: a time expected`);
  return new Date(found).toISOString();
};

const figure = object<LocalityFigure>({
  packets: nullable(natural),
  local: nullable(natural),
  percent: nullable(percent),
  pps: nullable(amount),
});

const accept = object<Accept>({
  source: oneOf('probe', 'sample'),
  seconds: amount,
  accepts: natural,
  matched: natural,
  percent: nullable(percent),
  listeners: list(
    object<AcceptListener>({
      pid: natural,
      comm: nullable(line),
      fd: nullable(natural),
      port: index,
      accepts: natural,
      matched: natural,
    }),
  ),
  pairs: list(
    object<AcceptPair>({
      pid: natural,
      fd: nullable(natural),
      cpu: index,
      rxcpu: nullable(index),
      count: natural,
    }),
  ),
});

const loads = list(
  object<CpuLoad>({
    cpu: index,
    busy: nullable(percent),
    softirq: nullable(percent),
    pps: nullable(amount),
  }),
);

const xdp = list(
  object<XdpFigure>({
    nic: line,
    command: oneOf('spread', 'sport', 'balance'),
    pps: nullable(amount),
    parts: list(object<XdpFigure['parts'][number]>({ name: line, pps: nullable(amount) })),
    lost: nullable(natural),
  }),
);

const sample = object<Omit<Sample, 'configuration' | 'xdp'>>({
  time,
  seconds: amount,
  cpus: list(index),
  port: nullable(index),
  rx: figure,
  tx: figure,
  rxMatrix: nullable(list(list(natural))),
  txMatrix: nullable(list(list(natural))),
  accept: nullable(accept),
  // Absent in recordings of 0.1.
  loads: (value, at) => (value === undefined ? [] : loads(value, at)),
  queues: list(
    object<QueueSample>({
      nic: line,
      direction: oneOf('rx', 'tx'),
      index,
      irq: nullable(natural),
      interrupts: nullable(amount),
      pps: nullable(amount),
    }),
  ),
  members: list(
    object<MemberSample>({
      group: line,
      inode: natural,
      rate: nullable(amount),
      percent: nullable(percent),
      recvQueue: nullable(natural),
    }),
  ),
  events: list(object<LiveEvent>({ time, kind: oneOf('accept', 'change', 'action', 'trouble'), text: line })),
  probe: object<ProbeState>({
    state: oneOf('starting', 'running', 'missing', 'failed'),
    coverage: nullable(line),
    notes: list(line),
  }),
});

/** Throws Mismatch. A matrix must have a row and a column for each CPU. */
export function toSample(value: unknown, at: string): Omit<Sample, 'configuration'> {
  const programs = isRecord(value) ? value['xdp'] : undefined;
  const found = {
    ...sample(value, at),
    ...(programs === undefined ? {} : { xdp: xdp(programs, `${at}.xdp`) }),
  };
  const size = found.cpus.length;
  for (const matrix of [found.rxMatrix, found.txMatrix])
    if (matrix !== null && (matrix.length !== size || matrix.some((row) => row.length !== size)))
      throw new Mismatch(`${at}: a matrix of another size than cpus`);
  return found;
}

const recorded = object<{ readonly host: Configuration['host']; readonly readAt: string }>({
  host,
  readAt: time,
});

/**
 * Only the machine is taken from the file; paths and findings, with commands that people copy, are computed from it.
 * Throws Mismatch.
 */
export function toRecordedConfiguration(value: unknown, at: string): Configuration {
  const { host, readAt } = recorded(value, at);
  const view = viewOf(host);
  return { ...view, findings: diagnose(view), readAt };
}
