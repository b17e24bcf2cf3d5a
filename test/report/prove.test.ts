/** An experiment on the screen. */
import { describe, expect, it } from 'vitest';
import { schedule } from '../../src/prove/schedule.ts';
import type { Design, Round } from '../../src/prove/types.ts';
import { judge } from '../../src/prove/verdict.ts';
import { proveLines } from '../../src/report/prove.ts';
import type { Style } from '../../src/report/text.ts';

const design: Design = {
  order: 'random ABBA/BAAB',
  seed: 4,
  blocks: 6,
  round: 6,
  warm: 1,
  untilClear: false,
};

const rounds: readonly Round[] = schedule(design, 'off').map(({ block, arm, measured }, at) => ({
  block,
  arm,
  at: measured,
  seconds: 6,
  connections: 18_000,
  values: {
    'worker-cpu': (arm === 'on' ? 46 : 53) + (at % 5) / 2,
    'remote-wakeups': arm === 'on' ? 0 : 47 + (at % 3) / 2,
    ipis: arm === 'on' ? 0.25 : 1,
    'cpus-not-idle': 80 + (at % 7),
    'run-queue-wait': null,
    switches: 1 + (at % 2) / 10,
    'busiest-worker': 51,
    rate: 3_000,
    steal: 0,
    drops: 0,
    cycles: null,
    instructions: null,
    'llc-misses': null,
    number: null,
  },
}));

const style = (unicode: boolean): Style => ({ color: false, rules: false, unicode, columns: 100 });
const judged = judge(rounds, {
  design,
  primary: 'worker-cpu',
  better: null,
  margin: 0.02,
  protocol: 'tcp',
  per: 'connection',
  changesWakeups: true,
  what: 'the program',
  stopped: null,
});
const screen = (unicode: boolean, shown: readonly Round[] = rounds) =>
  proveLines(
    {
      ...judged,
      group: 'tcp 0.0.0.0:8080',
      change: 'cpu',
      changes: null,
      aa: false,
      design,
      primary: 'worker-cpu',
      rounds: shown,
    },
    style(unicode),
  )
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
