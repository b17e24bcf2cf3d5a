import { describe, expect, it } from 'vitest';
import { skbLine } from '../../src/report/skb.ts';

const figure = (percent: number | null, pps: number | null) => ({ packets: 1, local: 1, percent, pps });
const line = (rx: ReturnType<typeof figure>, tx: ReturnType<typeof figure>, more = {}) =>
  skbLine({ rx, tx, toDriver: null, lost: 0, seconds: 2, ...more }, true);

describe('a line of measure skb', () => {
  it('looks like that of the script of 2017', () => {
    expect(line(figure(99, 132_000), figure(99, 129_000))).toBe('rx= 99%  132kpps tx= 99%  129kpps n=1/1');
  });

  it('keeps its columns', () => {
    expect(line(figure(100, 7), figure(0, 1_230_000))).toBe('rx=100%     7pps tx=  0%  1.2Mpps n=1/1');
    expect(line(figure(null, null), figure(12.6, 9_999))).toBe('rx=   -     -pps tx= 13%  9999pps n=1/1');
  });

  it('says 100 % only for all, and 0 % only for none', () => {
    expect(line(figure(99.9, 1), figure(0.1, 1))).toBe('rx= 99%     1pps tx=  1%     1pps n=1/1');
  });

  it('adds the driver when asked, and what was lost', () => {
    const more = { toDriver: { packets: 2, local: 2, percent: 100 }, lost: 23 };
    expect(line(figure(50, 2), figure(50, 2), more)).toBe(
      'rx= 50%     2pps tx= 50%     2pps n=1/1 driver=100% lost=23',
    );
  });

  it('has one kind of packets in share, rate and count where the interfaces see others', () => {
    const figure = { packets: 2000, local: 1000, percent: 50, pps: 9 };
    expect(skbLine({ rx: figure, tx: figure, toDriver: null, lost: 0, seconds: 2 }, false)).toBe(
      'rx= 50%  1000pps tx= 50%  1000pps n=2000/2000',
    );
  });
});
