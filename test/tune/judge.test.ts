import { describe, expect, it } from 'vitest';
import { type Judged, judge, tooFew } from '../../src/tune/judge.ts';

const measured = (
  rx: number,
  accept: number | null,
  tx: number | null = null,
  events = 20_000,
  txShare: number | null = 1,
): Judged => ({
  seconds: 5,
  rx: { percent: rx, events },
  tx: tx === null ? null : { percent: tx, events },
  accept: accept === null ? null : { percent: accept, events },
  txShare,
  pps: { rx: null, tx: null },
});

describe('the verdict', () => {
  it.each([
    ['both up', measured(50, 50), measured(100, 100), true],
    ['both up by five points', measured(50, 50), measured(55, 55), true],
    ['one of them up by less', measured(50, 50), measured(90, 54.9), false],
    ['one of them down', measured(50, 50), measured(90, 40), false],
    ['one nearly all before, the other up', measured(96, 50), measured(95, 99), true],
    ['one nearly all before and fallen, the other up', measured(99, 50), measured(90, 99), false],
    ['both nearly all before', measured(96, 96), measured(100, 100), false],
    ['datagrams alone', measured(50, null), measured(60, null), true],
    ['tx up', measured(50, 50, 50), measured(90, 90, 90), true],
    ['tx down', measured(50, 50, 50), measured(90, 90, 40), false],
    ['tx down by what may be chance', measured(50, 50, 50), measured(90, 90, 48.5), true],
    ['tx not known afterwards', measured(50, 50, 50), measured(90, 90, null), true],
  ])('%s', (_, before, after, better) => {
    expect(judge(before, after).better).toBe(better);
  });

  it.each([
    ['the plan changes no sending', null],
    ['others sent more than a fifth', 0.79],
  ])('tx down is reported and does not count if %s', (_, share) => {
    const [before, after] = [measured(50, 50, 90, 20_000, share), measured(90, 90, 40, 20_000, 1)];
    const why =
      'rx 50 % before, 90 % after; accept 50 % before, 90 % after; tx fell from 90 % to 40 %, but the plan does not affect most of that, so it does not count';
    expect(judge(before, after)).toEqual({ better: true, why });
    expect(judge({ ...before, txShare: 0.8 }, after).better).toBe(false);
    expect(judge({ ...before, txShare: 1 }, { ...after, txShare: share }).better).toBe(true);
  });

  it('is unknown with too few events, before or after', () => {
    const few = measured(0, 100, null, 999);
    expect(tooFew(few)).toBe('999 packets and 999 accepts in 5.0 s: at least 1000 are needed to decide');
    expect(tooFew(measured(0, 100, null, 1_000))).toBeNull();
    expect(judge(measured(0, 0), few)).toMatchObject({ better: false, why: tooFew(few) });
    expect(judge(few, measured(100, 100)).better).toBe(false);
  });
});
