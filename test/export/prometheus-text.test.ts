import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/export/catalog.ts';
import { textOf } from '../../src/export/text.ts';
import { everything } from './everything.ts';

const scrape = everything({ cpus: 4, nics: 2, queues: 4, workers: 4 }, { matrix: true, perIrq: true });

describe('a scrape of a machine with all there is', () => {
  it('has every metric of the catalog', () => {
    const { lines } = scrape;
    expect(Object.keys(METRICS).filter((name) => !lines.has(name as keyof typeof METRICS))).toEqual([]);
  });

  it('leaves promtool with nothing to say', () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: textOf(scrape.lines, 'prometheus'),
      encoding: 'utf8',
    });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it('has each series once', () => {
    const series = [...scrape.lines.values()].flat().map((line) => line.replace(/ \S+$/, ''));
    expect(new Set(series).size).toBe(series.length);
  });
});
