import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scrape } from '../../src/export/scrape.ts';
import { textOf } from '../../src/export/text.ts';

const scrape = () => {
  const made = new Scrape();
  made.add('build_info', { version: '1.2.3' }, 1);
  made.add('queue_packets_total', { device: 'eth0', queue: 3, direction: 'rx' }, 9_007_199_254_740_993n);
  made.add('queue_irq_cpu', { device: 'eth0', queue: 3, direction: 'rx' }, null);
  made.add('probe_seconds_total', { probe: 'skb' }, 5.25);
  made.add('probe_up', { probe: 'skb' }, true);
  return made.lines;
};
const without = (text: string, of: RegExp) => text.split('\n').filter((line) => !of.test(line));

describe('the text of a scrape', () => {
  it('is Prometheus text', () => {
    expect(without(textOf(scrape(), 'prometheus'), /_missing|HELP/)).toEqual([
      '# TYPE locality_tune_build_info gauge',
      'locality_tune_build_info{version="1.2.3"} 1',
      '# TYPE locality_tune_queue_packets_total counter',
      'locality_tune_queue_packets_total{device="eth0",queue="3",direction="rx"} 9007199254740993',
      '# TYPE locality_tune_probe_up gauge',
      'locality_tune_probe_up{probe="skb"} 1',
      '# TYPE locality_tune_probe_seconds_total counter',
      'locality_tune_probe_seconds_total{probe="skb"} 5.25',
      '',
    ]);
  });

  it('is OpenMetrics: families without their suffix, units, and an end', () => {
    expect(without(textOf(scrape(), 'openmetrics'), /_missing|HELP/)).toEqual([
      '# TYPE locality_tune_build info',
      'locality_tune_build_info{version="1.2.3"} 1',
      '# TYPE locality_tune_queue_packets counter',
      '# UNIT locality_tune_queue_packets packets',
      'locality_tune_queue_packets_total{device="eth0",queue="3",direction="rx"} 9007199254740993',
      '# TYPE locality_tune_probe_up gauge',
      'locality_tune_probe_up{probe="skb"} 1',
      '# TYPE locality_tune_probe_seconds counter',
      '# UNIT locality_tune_probe_seconds seconds',
      'locality_tune_probe_seconds_total{probe="skb"} 5.25',
      '# EOF',
      '',
    ]);
  });

  it('has a 1 for the reason why something is missing, and a 0 for every other', () => {
    const made = new Scrape();
    made.miss('slots', 'not-root');
    const lines = made.lines.get('missing') ?? [];
    expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
      'locality_tune_missing{what="slots",reason="not-root"} 1',
    ]);
    expect(lines.length).toBeGreaterThan(20);
  });

  it('keeps a label value in its quotes, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('"', '\\', '\n', '\r', '{', '}', ',', '=', ' ', 'n', 'é', '\u{1f600}', '\0'),
        }),
        (group) => {
          const made = new Scrape();
          made.add('group_sockets', { group }, 4);
          const [line = ''] = made.lines.get('group_sockets') ?? [];
          const [, quoted = ''] = /^locality_tune_group_sockets\{group="((?:[^"\\\n]|\\[\\n"])*)"\} 4$/.exec(
            line,
          ) ?? ['', '!'];
          const read = quoted.replace(/\\(.)/g, (_, each: string) => (each === 'n' ? '\n' : each));
          expect(read).toBe(group);
        },
      ),
    );
  });
});
