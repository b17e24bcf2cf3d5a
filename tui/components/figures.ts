/** Shares that rest on enough events to be shown, and the reason where one is missing. */
import type { Accept, LocalityFigure, Sample } from '../../src/live/types.ts';
import { LEAST_EVENTS } from '../../src/measure/percent.ts';

export type FigureName = 'rx' | 'tx' | 'accept';

/** 0 to 100; null of fewer than LEAST_EVENTS. */
export function percentOfFlow({ packets, percent }: Pick<LocalityFigure, 'packets' | 'percent'>) {
  return isEnough(packets) ? percent : null;
}

export function percentOfAccepts(accept: Pick<Accept, 'accepts' | 'percent'> | null): number | null {
  return accept !== null && isEnough(accept.accepts) ? accept.percent : null;
}

export const isEnough = (events: number | null): boolean => events !== null && events >= LEAST_EVENTS;

export const percentIn = (sample: Sample, name: FigureName): number | null =>
  name === 'accept' ? percentOfAccepts(sample.accept) : percentOfFlow(sample[name]);

/** What is counted in each. */
const EVENTS: Readonly<Record<FigureName, readonly [one: string, many: string]>> = {
  rx: ['packet was read', 'packets were read'],
  tx: ['sent packet was freed', 'sent packets were freed'],
  accept: ['connection was accepted', 'connections were accepted'],
};

/** Why a figure of the sample is missing; null if it is not. */
export function whyMissing(sample: Sample, name: FigureName): string | null {
  if (percentIn(sample, name) !== null) return null;
  const { state, notes } = sample.probe;
  if (name === 'accept' && sample.accept !== null)
    return tooFewText(name, sample.accept.accepts, sample.accept.seconds);
  if (state === 'starting') return 'waiting for the probe';
  if (state !== 'running') return notes[0] ?? 'not counted';
  const limit = name === 'tx' ? limitOfTx(sample) : null;
  const { packets } = name === 'accept' ? { packets: null } : sample[name];
  if (packets === null) return limit ?? 'nothing has been counted yet';
  if (isEnough(packets))
    return notes.find((note) => note.includes(' is full')) ?? 'not all packets were counted';
  const few = tooFewText(name, packets, sample.seconds);
  return limit === null ? few : `${limit} (${few})`;
}

/** @param seconds in which `events` were counted */
export function tooFewText(name: FigureName, events: number, seconds: number): string {
  const [one, many] = EVENTS[name];
  const lasting = `in ${Math.max(1, Math.round(seconds))} s`;
  if (events === 0) return `no ${one} ${lasting}`;
  return `${events} ${events === 1 ? one : many} ${lasting}, too few for a share (${LEAST_EVENTS})`;
}

/** What the probe cannot see of sent packets; that of the watched port first. */
function limitOfTx({ port, probe }: Sample): string | null {
  const limits = probe.notes.filter((note) => note.startsWith('tx'));
  const ofPort = limits.find((note) => note.startsWith('tx of this port'));
  const limit = (port === null ? undefined : ofPort) ?? limits[0];
  return limit?.replace(/^tx[^:]*: /, '') ?? null;
}
