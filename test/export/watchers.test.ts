import { describe, expect, it } from 'vitest';
import { Scrape } from '../../src/export/scrape.ts';
import { WatcherTotals } from '../../src/export/watchers.ts';
import { ALL_KINDS } from '../../src/tune/types.ts';
import type { CountedWatcher } from '../../src/watch/ask.ts';
import { Counts, CULPRITS, RESULTS, type SettingCount } from '../../src/watch/tally.ts';
import { seriesOf } from './lines.ts';

function watcher(pid: number, drifted: number, settings: readonly SettingCount[] = []): CountedWatcher {
  const counts = new Counts();
  for (let time = 0; time < drifted; time++) {
    counts.drifted('irq', 'unit');
    counts.done('irq', 'repaired');
  }
  return { pid, ...counts.tally, settings, paused: false, givenUp: 1 };
}

const scraped = (totals: WatcherTotals, ...watchers: readonly CountedWatcher[]) =>
  scrapedWithout([], totals, ...watchers);

function scrapedWithout(
  silent: readonly number[],
  totals: WatcherTotals,
  ...watchers: readonly CountedWatcher[]
): Scrape {
  const scrape = new Scrape();
  totals.add(scrape, watchers, silent);
  return scrape;
}

describe('watchers', () => {
  it('count drift and repairs together, with a zero for every kind, cause and result', () => {
    const scrape = scraped(new WatcherTotals(), watcher(1, 2), watcher(2, 3));
    const events = seriesOf(scrape, 'drift_events_total');
    expect(events.filter((line) => !line.endsWith(' 0'))).toEqual(['{kind="irq",cause="unit"} 5']);
    expect(events).toHaveLength(ALL_KINDS.length * CULPRITS.length);
    const repairs = seriesOf(scrape, 'repairs_total');
    expect(repairs.filter((line) => !line.endsWith(' 0'))).toEqual(['{kind="irq",result="repaired"} 5']);
    expect(repairs).toHaveLength(ALL_KINDS.length * RESULTS.length);
    expect(seriesOf(scrape, 'watch_given_up')).toEqual([' 2']);
  });

  it('that end do not make the counters fall', () => {
    const totals = new WatcherTotals();
    scraped(totals, watcher(1, 2), watcher(2, 3));
    const events = seriesOf(scraped(totals, watcher(2, 4)), 'drift_events_total');
    expect(events).toContain('{kind="irq",cause="unit"} 6');
  });

  it.each([[[watcher(1, 2)]], [[]]])('that answer late are neither lost nor counted twice: %#', (others) => {
    const totals = new WatcherTotals();
    const drifted = [{ kind: 'irq', device: 'eth0', state: 'drifted', count: 1 }] as const;
    const all = (count: number) => [...others, watcher(2, count, drifted)];
    const first = scraped(totals, ...all(3));
    const late = scrapedWithout([2], totals, ...others);
    expect(late.lines).toEqual(first.lines);
    const events = (scrape: Scrape) =>
      seriesOf(scrape, 'drift_events_total').filter((line) => !line.endsWith(' 0'));
    const sum = (own: number) => [`{kind="irq",cause="unit"} ${own + 2 * others.length}`];
    expect(events(scraped(totals, ...all(4)))).toEqual(sum(4));
    expect(events(scrapedWithout([2], totals, ...others))).toEqual(sum(4));
    expect(events(scraped(totals, ...all(9)))).toEqual(sum(9));
  });

  it('that end while they are silent are forgotten', () => {
    const totals = new WatcherTotals();
    scraped(totals, watcher(1, 2));
    scrapedWithout([1], totals);
    expect(scraped(totals).lines).toEqual(new Scrape().lines);
    expect(scrapedWithout([1], totals).lines).toEqual(new Scrape().lines);
  });

  it('have settings by state, and drift by kind and device', () => {
    const irq = { kind: 'irq', device: 'eth0' } as const;
    const scrape = scraped(
      new WatcherTotals(),
      watcher(1, 0, [
        { ...irq, state: 'as-set', count: 6 },
        { ...irq, state: 'drifted', count: 2 },
        { kind: 'program', device: null, state: 'drifted', count: 1 },
      ]),
    );
    expect(seriesOf(scrape, 'watched_settings')).toEqual([
      '{state="as-set"} 6',
      '{state="pending"} 0',
      '{state="drifted"} 3',
      '{state="ended"} 0',
      '{state="gone"} 0',
      '{state="unknown"} 0',
    ]);
    const drift = seriesOf(scrape, 'drift');
    expect(drift).toContain('{kind="irq",device="eth0"} 2');
    expect(drift).toContain('{kind="program",device=""} 1');
    expect(drift).toContain('{kind="rss",device=""} 0');
  });

  it('that nobody runs have no drift, instead of none', () => {
    expect(seriesOf(scraped(new WatcherTotals()), 'drift')).toEqual([]);
  });
});
