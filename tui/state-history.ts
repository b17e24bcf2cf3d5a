/** The samples of the last minutes, as an external store for React. */
import type { Sample } from '../src/live/types.ts';

/** Ten minutes at one sample a second. */
export const HISTORY = 600;
/** Newest samples that keep their matrices, queues and pairs. */
const DETAILED = 8;

export interface History {
  push(sample: Sample): void;
  /** Other samples instead: a recording was moved to another place. */
  replace(samples: readonly Sample[]): void;
  /** Something else has changed that is shown with them. */
  touch(): void;
  /** No more samples: the end of a recording. */
  end(): void;
  /** A new array after each push; empty until the first. */
  get(): readonly Sample[];
  ended(): boolean;
  subscribe(changed: () => void): () => void;
}

export function createHistory(): History {
  let samples: readonly Sample[] = [];
  let over = false;
  const listeners = new Set<() => void>();
  const notify = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    push: (sample) => {
      samples = append(samples, sample);
      notify();
    },
    replace: (others) => {
      samples = others.reduce(append, [] as readonly Sample[]);
    },
    touch: () => {
      samples = [...samples];
      notify();
    },
    end: () => {
      over = true;
      notify();
    },
    get: () => samples,
    ended: () => over,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
}

/** A sample of 256 CPUs and 1,000 queues takes a megabyte, so old samples keep only what histories need. */
export function append(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const all = [...samples.slice(-(HISTORY - 1)), sample];
  const old = all.length - 1 - DETAILED;
  const fading = all[old];
  if (fading !== undefined) all[old] = slim(fading, sample.configuration);
  return all;
}

/** Uses the present configuration, so that former ones can be garbage-collected. */
function slim(sample: Sample, configuration: Sample['configuration']): Sample {
  const { accept } = sample;
  return {
    ...sample,
    rxMatrix: null,
    txMatrix: null,
    loads: [],
    queues: [],
    members: [],
    accept: accept === null ? null : { ...accept, listeners: [], pairs: [] },
    configuration,
  };
}
