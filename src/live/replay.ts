/** Plays recorded samples: at any speed, from any place, paused or not. */
import { isFailure } from '../system/errors.ts';
import { createWakeUp } from '../system/wake-up.ts';
import type { Replay, ReplayState, ReplayWatch, Sample, Source } from './types.ts';

export interface Recorded {
  /** Number of samples. */
  readonly total: number;
  /** From the sample `from` on. Throws Failure at a broken line. */
  readonly samples: (from: number) => Iterator<Sample, void, undefined>;
}

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 64];
/** Samples before the place of a jump, for the histories: parsing ten minutes of a large machine takes seconds. */
const BEFORE = 120;
/** Longest pause between two samples. */
const LONGEST_MS = 3_600_000;

/** @param interval seconds between samples; null: as recorded */
export function openReplay(recorded: Recorded, interval: number | null): Source {
  const { total } = recorded;
  const woken = createWakeUp();
  let [speed, paused, ended] = [1, false, false];
  /** Samples that were shown, and the place to which the user wants to jump. */
  let at = 0;
  let wanted: number | null = null;
  let watch: ReplayWatch | null = null;

  const changed = (): void => {
    woken.wake();
    watch?.changed();
  };
  const replay: Replay = {
    state: (): ReplayState => ({ at, total, speed, paused, ended }),
    seek: (by) => {
      // Shown is the sample before `at`; quick presses add up.
      wanted = Math.max(0, Math.min(total - 1, (wanted ?? Math.max(0, at - 1)) + by));
      changed();
    },
    changeSpeed: (by) => {
      const index = SPEEDS.indexOf(speed) + by;
      speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, index))] ?? speed;
      changed();
    },
    pause: (wish) => {
      paused = wish;
      changed();
    },
    watch: (watcher) => {
      watch = watcher;
    },
  };

  /** Until the next sample is due, or the user has done something that makes it due. */
  const untilDue = async (seconds: number, signal: AbortSignal): Promise<void> => {
    const began = performance.now();
    while (!signal.aborted && wanted === null) {
      const left = Math.min(LONGEST_MS, (1000 * (interval ?? seconds)) / speed) - (performance.now() - began);
      if (!paused && !ended && left <= 0) return;
      await woken.wait(paused || ended ? LONGEST_MS : left, signal);
    }
  };

  async function* play(signal: AbortSignal): AsyncGenerator<Sample, void, undefined> {
    let samples = recorded.samples(0);
    let last: Sample | null = null;
    while (!signal.aborted) {
      if (wanted !== null) {
        const first = Math.max(0, wanted - BEFORE);
        samples = recorded.samples(first);
        const before = take(samples, wanted - first);
        [at, wanted, ended, last] = [first + before.length, null, false, before.at(-1) ?? last];
        watch?.jumped(before);
      }
      const next = nextOf(samples, last);
      if (next === null) {
        // Without a user who could go back, the end is the end.
        if (watch === null) return;
        ended = true;
        watch.changed();
      } else {
        at += 1;
        last = next;
        yield next;
      }
      await untilDue(last?.seconds ?? 0, signal);
    }
  }

  return {
    live: false,
    control: null,
    replay,
    setInterval: () => {},
    refresh: () => {},
    listen: () => {},
    samples: play,
  };
}

function take(samples: Iterator<Sample, void, undefined>, count: number): readonly Sample[] {
  const taken: Sample[] = [];
  while (taken.length < count) {
    const sample = nextOf(samples, taken.at(-1) ?? null);
    if (sample === null) break;
    taken.push(sample);
  }
  return taken;
}

/** null at the end. A broken line ends it too: what was shown so far stays, with the reason among the events. */
function nextOf(samples: Iterator<Sample, void, undefined>, last: Sample | null): Sample | null {
  try {
    const next = samples.next();
    return next.done === true ? null : next.value;
  } catch (error) {
    if (!isFailure(error) || last === null) throw error;
    const text = `${error.message}: the replay ends here`;
    return { ...last, events: [{ time: last.time, kind: 'trouble', text }] };
  }
}
