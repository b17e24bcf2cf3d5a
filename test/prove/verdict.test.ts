/** From rounds to a verdict, in the words that a user reads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/prove/compare.ts';
import { schedule } from '../../src/prove/schedule.ts';
import type { Arm, Design, Round, Values } from '../../src/prove/types.ts';
import { type Judging, judge } from '../../src/prove/verdict.ts';

const design: Design = { order: 'random ABBA/BAAB', seed: 7, blocks: 10, round: 6, warm: 1 };

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
  margin: 0.02,
  protocol: 'tcp',
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
    const { verdict, text } = judge(rounds(cost(0.05, 0.01)), judging({ protocol: 'udp' }));
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
    // A metronome's load differs by nothing, and still measurably.
    const steady = rounds((arm, at) => ({ ...cost(0, 0.01)(arm, at), rate: arm === 'on' ? 800.1 : 800 }));
    expect(judge(steady, judging()).notes).toEqual([]);
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
