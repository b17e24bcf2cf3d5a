/** An experiment as a page of its own, and as a part of the report. */
import { expect, it } from 'vitest';
import { experimentPage } from '../../src/html/experiment.ts';
import { page } from '../../src/html/page.ts';
import { EXAMPLE } from '../prove/example.ts';
import { pageOf } from './pages.ts';

const whole = experimentPage(EXAMPLE, '1.0.0');

it('has the verdict as its heading, no number apart from its %, and how it was found', () => {
  expect(whole).toContain(`<h1>${EXAMPLE.text.replaceAll(' %', '&#160;%')}</h1>`);
  expect(whole).toContain('tcp 0.0.0.0:8080, <code>cpu</code> off and on: 6 blocks of 4 rounds');
});

it('has a row for each metric that is known, and says which decides', () => {
  const rows = [...whole.matchAll(/<th scope="row">([^<]*)/g)].map(([, name = '']) => name.trim());
  expect(rows[0]).toBe('CPU of the workers');
  expect(whole.match(/\(decides\)/g)).toHaveLength(1);
  expect(rows).toContain('IPIs, whole machine');
  expect(rows).not.toContain('wait for a CPU');
});

it('ends an interval that goes on with an arrow, and shows no dot outside of the scale', () => {
  const row = /<th scope="row">IPIs.*?<\/tr>/s.exec(whole)?.[0] ?? '';
  expect(row).toContain('l7 -4v8z');
  expect(row).not.toContain('<circle');
  expect(/<th scope="row">CPU of the workers.*?<\/tr>/s.exec(whole)?.[0]).toContain('<circle');
});

it('has a dot for each round, and shades those with the change', () => {
  const chart = /<figure class="wide">.*<\/figure>/s.exec(whole)?.[0] ?? '';
  expect(chart.match(/<circle/g)).toHaveLength(24);
  expect(chart.match(/<rect/g)).toHaveLength(12);
});

it('lets no name become markup', () => {
  const hostile = experimentPage(
    { ...EXAMPLE, group: '<script>alert(1)</script>', notes: ['<img src=x>'] },
    '1',
  );
  expect(hostile).not.toContain('<script>alert');
  expect(hostile).not.toContain('<img');
});

it('is a section of the report', () => {
  const report = page(pageOf({ experiment: EXAMPLE }));
  expect(report).toContain('<h2>Experiment</h2>');
  expect(report).toContain(EXAMPLE.text);
  expect(page(pageOf())).not.toContain('<h2>Experiment</h2>');
});
