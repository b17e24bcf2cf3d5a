/** An experiment on the screen. */
import { describe, expect, it } from 'vitest';
import type { Round } from '../../src/prove/types.ts';
import { limitOf, proveLines } from '../../src/report/prove.ts';
import type { Style } from '../../src/report/text.ts';
import { EXAMPLE } from '../prove/example.ts';

const style = (unicode: boolean): Style => ({ color: false, rules: false, unicode, columns: 100 });
const screen = (unicode: boolean, rounds: readonly Round[] = EXAMPLE.rounds) =>
  proveLines({ ...EXAMPLE, rounds }, style(unicode))
    .map((line) => line.map(({ text }) => text).join(''))
    .join('\n');

describe('an experiment', () => {
  it('says the verdict first, then how, then every metric that is known', () => {
    const text = screen(true);
    expect(text).toMatch(/^It pays: the workers take 1\d(?:\.\d)? % less CPU for a connection/);
    expect(text).toContain('tcp 0.0.0.0:8080, `cpu` off and on: 6 blocks of 4 rounds');
    expect(text).toMatch(/CPU of the workers +54\.\d +47\.\d +µs\/conn +−1\d\.\d % .*├─*●─*┤ +│ +decides/);
    expect(text).toMatch(/wakeups from another CPU +47\.5 +0\.00 +% +−47\.\d/);
    expect(text).not.toContain('wait for a CPU');
    expect(text).not.toContain('hypervisor');
  });

  it('cuts an interval at the end of the scale, and says so', () => {
    expect(screen(true)).toMatch(/IPIs.*−75\.0 %.*< +│/);
  });

  it('has a scale that ends at 100 %, unless the interval is longer', () => {
    const primary = EXAMPLE.metrics['worker-cpu'] ?? expect.unreachable();
    expect(limitOf({ ...primary, low: -0.1, high: 0.05 })).toBeCloseTo(0.13, 12);
    expect(limitOf({ ...primary, low: -0.92, high: -0.91 })).toBe(1);
    expect(limitOf({ ...primary, low: 0.2, high: 2 })).toBeCloseTo(2.6, 12);
  });

  it('has a column for each round, in one of two rows', () => {
    const [off = '', on = ''] = [...screen(true).matchAll(/^ {2}(?:off|on) +([▁-█·]{24})$/gm)].map(
      ([, row]) => row,
    );
    expect([...off].filter((cell) => cell === '·')).toHaveLength(12);
    expect([...off].every((cell, at) => (cell === '·') !== (on[at] === '·'))).toBe(true);
  });

  it('is plain ASCII where the terminal wants that', () => {
    expect(screen(false)).toMatch(/^[\x20-\x7e\n]*$/);
    expect(screen(false)).not.toContain('\\u{');
  });

  it('without rounds says that nothing was changed', () => {
    expect(screen(true, [])).toContain('nothing was changed');
  });
});
