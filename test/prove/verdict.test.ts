/** From rounds to a verdict, in the words that a user reads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/prove/compare.ts';
import { schedule } from '../../src/prove/schedule.ts';
import type { Arm, Design, Round, Values } from '../../src/prove/types.ts';
import { type Judging, judge } from '../../src/prove/verdict.ts';

const design: Design = {
  order: 'random ABBA/BAAB',
  seed: 7,
  blocks: 10,
  round: 6,
  warm: 1,
  untilClear: false,
};

const NOTHING: Values = {
  'worker-cpu': 50,
  'remote-wakeups': 50,
  ipis: 1,
  'cpus-not-idle': 60,
  'run-queue-wait': 10,
  switches: 2,
  'busiest-worker': 50,
  rate: 3_000,
  steal: 0,
  drops: 0,
  cycles: null,
  instructions: null,
  'llc-misses': null,
  number: null,
  'wait-median': null,
  'wait-p99': null,
};

/** Rounds of a whole experiment. @param values of a round, by its arm and its number */
function rounds(
  values: (arm: Arm, at: number) => Partial<Values>,
  { blocks = 10, connections = 18_000 } = {},
): Round[] {
  return schedule({ ...design, blocks }, 'off').map(({ block, arm, measured }, at) => ({
    block,
    arm,
    at: measured,
    seconds: 6,
    connections,
    values: { ...NOTHING, 'remote-wakeups': arm === 'on' ? 0 : 47.1, ...values(arm, at) },
  }));
}

const judging = (values: Partial<Judging> = {}): Judging => ({
  design,
  primary: 'worker-cpu',
  better: null,
  margin: 0.02,
  protocol: 'tcp',
  per: 'connection',
  changesWakeups: true,
  what: 'the program',
  stopped: null,
  ...values,
});

/** A wave that no block order keeps in step with. */
const noise = (at: number, size: number) => 1 + size * Math.sin(at * at * 1.7);
const cost = (change: number, size: number) => (arm: Arm, at: number) => ({
  'worker-cpu': 50 * (arm === 'on' ? 1 + change : 1) * noise(at, size),
});

describe('the verdict', () => {
  it('is a gain if the whole interval is below 0', () => {
    const { verdict, text } = judge(rounds(cost(-0.12, 0.03)), judging());
    expect(verdict).toBe('gain');
    expect(text).toMatch(
      /^It pays: the workers take 1\d\.\d % less CPU for a connection \(95 % interval −1\d\.\d % to −\d+\.\d %\)\.$/,
    );
  });

  it('says of a small gain that the margin is not shown', () => {
    const { text } = judge(rounds(cost(-0.01, 0.001)), judging());
    expect(text).toMatch(/^It pays: .* That it is as much as 2 % is not shown\.$/);
  });

  it('is a loss if the whole interval is above 0', () => {
    const { verdict, text } = judge(rounds(cost(0.05, 0.01)), judging({ protocol: 'udp', per: 'datagram' }));
    expect(verdict).toBe('loss');
    expect(text).toMatch(/^It costs: the workers take \d\.\d % more CPU for a datagram \(95 % interval \+/);
  });

  it('is none if 0 is inside and the interval within the margin', () => {
    const { verdict, text } = judge(rounds(cost(0, 0.005)), judging());
    expect(verdict).toBe('none');
    expect(text).toMatch(/^No difference larger than \d\.\d % \(95 % interval −\d\.\d % to \+\d\.\d %\)\.$/);
  });

  it('says of noise how many blocks would decide', () => {
    const { verdict, text } = judge(rounds(cost(0, 0.1)), judging());
    expect(verdict).toBe('too-noisy');
    expect(text).toMatch(
      /^Not decided: between −\d+\.\d % and \+\d+\.\d %\. Blocks differ by \d+\.\d % by themselves; \d+ blocks \(\d+ min\) would show a difference of 2 %\.$/,
    );
  });

  it('says nothing of the cost if the program changed nothing', () => {
    const same = rounds(() => ({ 'worker-cpu': 40, 'remote-wakeups': 50 }));
    expect(judge(same, judging())).toMatchObject({
      verdict: 'not-in-force',
      text: 'The program changed nothing: 50.0 % of the wakeups came from another CPU without it, and 50.0 % with it.',
    });
    // An experiment without a change is not asked for one.
    expect(judge(rounds(cost(0, 0.001)), judging({ changesWakeups: false })).verdict).toBe('none');
  });

  it('needs traffic, and says which round would have enough', () => {
    const few = rounds(cost(-0.1, 0), { connections: 31 });
    expect(judge(few, judging())).toMatchObject({
      verdict: 'too-little-traffic',
      text: 'Too little traffic to tell: 31 connections in the quietest round, at least 200 are needed. `--round 43` would do.',
    });
    const none = judge(rounds(cost(0, 0), { connections: 0 }), judging());
    expect(none.text).not.toContain('--round');
  });

  it('needs 6 whole blocks', () => {
    const short = rounds(cost(-0.1, 0.01), { blocks: 6 }).slice(0, -1);
    expect(judge(short, judging())).toMatchObject({
      verdict: 'too-few',
      text: 'Too few blocks to tell: 5 of at least 6.',
    });
    expect(judge([], judging()).verdict).toBe('too-few');
  });

  it('is withheld if the whole machine says the opposite', () => {
    const opposite = rounds((arm, at) => ({
      'worker-cpu': (arm === 'on' ? 45 : 50) * noise(at, 0.01),
      'cpus-not-idle': (arm === 'on' ? 66 : 60) * noise(at, 0.01),
    }));
    const { verdict, text } = judge(opposite, judging());
    expect(verdict).toBe('too-noisy');
    expect(text).toMatch(/workers changed by −\d+\.\d %, but that of the whole machine by \+\d+\.\d %\.$/);
  });

  it('is not withheld on a machine that other tasks fill anyway, and a note says so', () => {
    const full = rounds((arm, at) => ({
      'worker-cpu': (arm === 'on' ? 45 : 50) * noise(at, 0.01),
      'cpus-not-idle': arm === 'on' ? 99.9 : 99.6,
    }));
    const { verdict, notes } = judge(full, judging());
    expect(verdict).toBe('gain');
    expect(notes).toContainEqual(expect.stringContaining('idle for less than 5 % of the time'));
  });

  it('of a stopped experiment proves nothing, and still says what was seen', () => {
    const { verdict, text } = judge(rounds(cost(-0.12, 0.03)), judging({ stopped: 'Ctrl-C' }));
    expect(verdict).toBe('stopped');
    expect(text).toMatch(/^Stopped early, so nothing is proved: Ctrl-C\. It pays: /);
  });

  it('notes a load that differs, and a worker that gets more of it', () => {
    const uneven = rounds((arm, at) => ({
      ...cost(-0.1, 0.01)(arm, at),
      rate: arm === 'on' ? 3_300 : 3_000,
      'busiest-worker': arm === 'on' ? 71 : 52,
    }));
    const { notes } = judge(uneven, judging());
    expect(notes).toContainEqual(expect.stringContaining('the load differed by +10.0 % between the arms'));
    expect(notes).toContainEqual(expect.stringContaining('rose from 52.0 % to 71.0 %'));
    // A metronome's load differs by nothing, and still measurably; so do shares.
    const steady = rounds((arm, at) => ({
      ...cost(0, 0.01)(arm, at),
      rate: arm === 'on' ? 800.1 : 800,
      'busiest-worker': arm === 'on' ? 51.7 : 50.6,
      steal: arm === 'on' ? 0.1 : 0.4,
    }));
    expect(judge(steady, judging()).notes).toEqual([]);
  });

  it('decides by another metric in its own words, and in points where it is a share', () => {
    const fewer = rounds((arm, at) => ({ ipis: (arm === 'on' ? 0.5 : 1) * noise(at, 0.02) }));
    expect(judge(fewer, judging({ primary: 'ipis' }))).toMatchObject({
      verdict: 'gain',
      text: expect.stringMatching(/^It pays: IPIs for a connection fell by \d+(\.\d)? % \(95 % interval −/),
    });
    const share = judge(rounds(cost(0, 0.1)), judging({ primary: 'remote-wakeups' }));
    expect(share.text).toMatch(
      /^It pays: the share of wakeups from another CPU fell by 47\.1 points \(95 % interval −47\.1 to −47\.1\)\.$/,
    );
    const uneven = rounds((arm, at) => ({ 'busiest-worker': (arm === 'on' ? 51 : 50) + noise(at, 1) }));
    expect(judge(uneven, judging({ primary: 'busiest-worker' })).text).toMatch(
      /^(?:It costs|No difference|Not decided: the change in the busiest worker's share is between)/,
    );
  });

  it('takes more for better where more is better', () => {
    const more = rounds((arm, at) => ({
      rate: (arm === 'on' ? 1_100 : 1_000) * noise(at, 0.01),
      number: (arm === 'on' ? 9 : 10) * noise(at, 0.01),
    }));
    expect(judge(more, judging({ primary: 'rate' }))).toMatchObject({
      verdict: 'gain',
      text: expect.stringMatching(/^It pays: connections in a second rose by/),
    });
    const verdictOf = (better: 'lower' | 'higher') =>
      judge(more, judging({ primary: 'number', better })).verdict;
    expect([verdictOf('lower'), verdictOf('higher')]).toEqual(['gain', 'loss']);
  });

  it('has no ratio of a metric that was 0, and no verdict without it', () => {
    const zero = rounds((_, at) => ({ number: at === 5 ? 0 : 1 }));
    expect(judge(zero, judging({ primary: 'number' }))).toMatchObject({
      verdict: 'too-few',
      text: expect.stringContaining('in some round the figure was 0'),
    });
    expect(judge(rounds(cost(0, 0.1)), judging({ primary: 'number' })).text).toContain(
      'could not be measured',
    );
  });

  it('sees a round that had no traffic, also in a block that is not whole', () => {
    const [first, ...rest] = rounds(cost(0, 0.01), { blocks: 1 });
    if (first === undefined) throw new Error('no round');
    const stopped = [{ ...first, connections: 3 }, ...rest.slice(0, 1)];
    expect(judge(stopped, judging())).toMatchObject({ verdict: 'too-little-traffic' });
  });

  it('needs more to be clear at an early look than at the last one', () => {
    const until = { ...design, blocks: 30, untilClear: true };
    const early = judge(rounds(cost(-0.06, 0.05)), judging({ design: until }));
    const whole = judge(rounds(cost(-0.06, 0.05)), judging());
    expect(whole.verdict).toBe('gain');
    expect(early.verdict).toBe('too-noisy');
    expect(early.metrics['worker-cpu']?.level).toBeCloseTo(0.9995, 12);
    const sure = judge(rounds(cost(-0.12, 0.01)), judging({ design: until }));
    expect(sure.text).toMatch(/^It pays: .* \(99\.9 % interval /);
  });

  it('turns around with the arms', () =>
    fc.assert(
      fc.property(
        fc.double({ min: -0.2, max: 0.2, noNaN: true }),
        fc.double({ min: 0, max: 0.1, noNaN: true }),
        (change, size) => {
          const there = rounds(cost(change, size));
          const back = there.map((round) => ({ ...round, arm: round.arm === 'on' ? 'off' : 'on' }) as const);
          const turned = { gain: 'loss', loss: 'gain' } as Readonly<Record<string, string>>;
          const { verdict } = judge(there, judging({ margin: 1e9 }));
          expect(judge(back, judging({ margin: 1e9 })).verdict).toBe(turned[verdict] ?? verdict);
        },
      ),
      { seed: 20, numRuns: 40 },
    ));
});

describe('the comparison', () => {
  it('cancels a linear drift', () => {
    const drift = rounds((_, at) => ({ 'remote-wakeups': at }));
    expect(compare(drift, 'conn')['remote-wakeups']?.d.every((each) => Math.abs(each) < 1e-9)).toBe(true);
  });

  it('reports shares in points, and costs as changes', () => {
    const metrics = compare(rounds(cost(-0.1, 0)), 'conn');
    expect(metrics['remote-wakeups']).toMatchObject({ scale: 'difference', unit: '%', on: 0 });
    expect(metrics['remote-wakeups']?.effect).toBeCloseTo(-47.1, 10);
    expect(metrics['worker-cpu']).toMatchObject({ scale: 'ratio', unit: 'µs/conn', n: 10 });
    expect(metrics['worker-cpu']?.effect).toBeCloseTo(-0.1, 10);
  });

  it('leaves out what was not known in every round', () => {
    const partly = rounds((_, at) => ({ ipis: at === 3 ? null : 1 }));
    expect(compare(partly, 'conn')).not.toHaveProperty('ipis');
  });
});
