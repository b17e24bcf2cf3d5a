/** The samples of the last minutes, as React reads them from outside. */
import type { Sample } from '../src/live/types.ts';

/** At one a second, ten minutes. */
export const HISTORY = 600;
/** Samples that keep their matrices, queues and pairs. */
const DETAILED = 8;

export interface History {
  push(sample: Sample): void;
  /** No more will come: the end of a recording. */
  end(): void;
  /** Another array after each push; empty until the first. */
  get(): readonly Sample[];
  ended(): boolean;
  subscribe(changed: () => void): () => void;
}

export function createHistory(): History {
  let samples: readonly Sample[] = [];
  let over = false;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    push: (sample) => {
      samples = append(samples, sample);
      tell();
    },
    end: () => {
      over = true;
      tell();
    },
    get: () => samples,
    ended: () => over,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

/** A sample of 256 CPUs and 1,000 queues is a megabyte: old ones keep what histories are drawn from. */
export function append(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const all = [...samples.slice(-(HISTORY - 1)), sample];
  const old = all.length - 1 - DETAILED;
  const fading = all[old];
  if (fading !== undefined) all[old] = slim(fading, sample.configuration);
  return all;
}

/** The configuration is the present one, so that the former ones are free to go. */
function slim(sample: Sample, configuration: Sample['configuration']): Sample {
  const { accept } = sample;
  return {
    ...sample,
    rxMatrix: null,
    txMatrix: null,
    queues: [],
    members: [],
    accept: accept === null ? null : { ...accept, listeners: [], pairs: [] },
    configuration,
  };
}
