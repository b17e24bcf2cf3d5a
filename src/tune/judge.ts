/** Compares the measurements before and after: did the change help? */

export interface Figure {
  /** 0 to 100; null if nothing was counted. */
  readonly percent: number | null;
  readonly events: number;
}

export interface Measured {
  readonly seconds: number;
  /** Packets read on the CPU that received them. */
  readonly rx: Figure;
  /** null if it cannot be counted here. */
  readonly tx: Figure | null;
  /** Accepts on the receiving CPU; null for UDP. */
  readonly accept: Figure | null;
  /** Packets per second from the interface counters. */
  readonly pps: { readonly rx: number | null; readonly tx: number | null };
}

export interface Judged extends Measured {
  /**
   * Share of all sent or counted packets that belong to interfaces whose TX the plan changes, 0 to 1. null: it changes
   * none.
   */
  readonly txShare: number | null;
}

export interface Verdict {
  readonly better: boolean;
  readonly why: string;
}

const LEAST_EVENTS = 1_000;
/** Points. */
const GAIN = 5;
/** A share this close to 100 % cannot rise that much; it must only not fall. */
const NEARLY_ALL = 100 - GAIN;
/** Four standard errors of the difference of two shares: 9 points for 1,000 events, this for 20,000. */
const NOISE = 2;
/** tx is counted on the whole machine: if other interfaces send more than the rest, it says nothing about the plan. */
const OWN_SHARE = 0.8;

/** The figures to compare: rx, and accepts if there are any. */
const judged = ({ rx, accept }: Measured) => ({ rx, ...(accept === null ? {} : { accept }) });

/** Why there is too little traffic to decide; null if there is enough. */
export function tooFew(measured: Measured): string | null {
  const few = Object.entries(judged(measured)).filter(([, { events }]) => events < LEAST_EVENTS);
  if (few.length === 0) return null;
  const counted = few.map(([name, { events }]) => `${events} ${WORDS[name] ?? name}`).join(' and ');
  return `${counted} in ${measured.seconds.toFixed(1)} s: at least ${LEAST_EVENTS} are needed to decide`;
}

const WORDS: Readonly<Record<string, string>> = { rx: 'packets', accept: 'accepts' };

/**
 * Better means: rx and accept match rose by 5 points or more (or were nearly 100 % and did not fall), and tx did not
 * fall if the plan changes it. An ACK arrives on the queue of its flow's data, so for workers and programs rx says
 * enough.
 */
export function judge(before: Judged, after: Judged): Verdict {
  const few = tooFew(before) ?? tooFew(after);
  if (few !== null) return { better: false, why: few };
  const then = new Map(Object.entries(judged(before)));
  const changes = Object.entries(judged(after)).map(([name, { percent }]) => {
    const was = then.get(name)?.percent ?? 0;
    const now = percent ?? 0;
    return {
      name,
      was,
      now,
      gain: now - was,
      fine: now - was >= GAIN || (was >= NEARLY_ALL && now >= was - NOISE),
    };
  });
  const compared = changes.map(({ name, was, now }) => `${name} ${was} % before, ${now} % after`).join('; ');
  const fallen = fall(before, after);
  if (fallen !== null && isOwn(before) && isOwn(after))
    return { better: false, why: `${fallen}; ${compared}` };
  const why = fallen === null ? compared : `${compared}; ${fallen}, ${NOT_OWN}`;
  if (!changes.every(({ fine }) => fine) || !changes.some(({ gain }) => gain >= GAIN))
    return { better: false, why: `did not rise by ${GAIN} points: ${why}` };
  return { better: true, why };
}

const isOwn = ({ txShare }: Judged): boolean => txShare !== null && txShare >= OWN_SHARE;
const NOT_OWN = 'but the plan does not affect most of that, so it does not count';

function fall({ tx: before }: Measured, { tx: after }: Measured): string | null {
  if (before?.percent == null || after?.percent == null) return null;
  if (Math.min(before.events, after.events) < LEAST_EVENTS) return null;
  return after.percent < before.percent - NOISE
    ? `tx fell from ${before.percent} % to ${after.percent} %`
    : null;
}
