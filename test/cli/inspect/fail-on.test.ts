import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failing, sift } from '../../../src/cli/inspect/fail-on.ts';
import type { Finding } from '../../../src/diagnose/types.ts';
import { SCHEMA } from '../../../src/snapshot/types.ts';
import { group, host, nic, pinned } from '../../fixtures/hosts.ts';
import { run } from '../run.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'locality-tune-fail-on-'));
  const groups = [group({ workers: pinned(0, 1) })];
  // A table entry for a queue that does not exist is an error, the hash a warning, the workers a note.
  const broken = nic({ queues: 2, xps: true, rss: [0, 1, 2, 3] });
  const machines = {
    broken: host({ cpus: 2, nics: [broken], groups }),
    uneven: host({ cpus: 4, nics: [nic({ queues: 4, xps: true, irqCpus: [0, 0, 0, 1] })], groups }),
    good: host({
      cpus: 2,
      nics: [nic({ queues: 2, xps: true })],
      groups: [group({ workers: pinned(0, 1), program: 'cpu' })],
    }),
  };
  for (const [name, machine] of Object.entries(machines)) {
    const snapshot = {
      schema: SCHEMA,
      version: '0',
      time: null,
      anonymized: false,
      host: machine,
      counters: null,
    };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(snapshot));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const inspect = (machine: string, ...args: string[]) =>
  run(['inspect', '--from', join(folder, `${machine}.json`), ...args]);
const rulesOf = (stdout: string): readonly string[] =>
  JSON.parse(stdout).findings.map(({ severity, rule }: Finding) => `${severity} ${rule}`);

describe('inspect --fail-on', () => {
  it.each([
    ['broken', 'error', 1],
    ['broken', 'warning', 1],
    ['uneven', 'error', 0],
    ['uneven', 'warning', 1],
    ['good', 'warning', 0],
  ])('%s, %s: exit %i, after printing', async (machine, severity, status) => {
    const [text, json, plain] = await Promise.all([
      inspect(machine, '--fail-on', severity),
      inspect(machine, '--fail-on', severity, '-j'),
      inspect(machine),
    ]);
    expect([text.status, json.status, plain.status]).toEqual([status, status, 0]);
    expect(text.stdout).toBe(plain.stdout);
    expect(json.stderr).toBe('');
    expect(JSON.parse(json.stdout).schema).toBe('locality-tune.inspect/1');
    const said = new RegExp(`^locality-tune: \\d+ findings? of severity ${severity} or worse: [a-z, -]+\\n$`);
    expect(text.stderr).toMatch(status === 0 ? /^$/ : said);
  });

  it('--ignore leaves the findings of a rule out, and says how many', async () => {
    const all = rulesOf((await inspect('uneven', '-j')).stdout);
    const warned = [...new Set(all.flatMap((each) => (each.startsWith('warning ') ? [each.slice(8)] : [])))];
    expect(warned.length).toBeGreaterThan(1);
    const ignore = warned.flatMap((rule) => ['--ignore', rule]);
    const [json, text, some] = await Promise.all([
      inspect('uneven', '--fail-on', 'warning', ...ignore, '-j'),
      inspect('uneven', '--fail-on', 'warning', ...ignore),
      inspect('uneven', '--fail-on', 'warning', '--ignore', warned[0] ?? ''),
    ]);
    expect([json.status, text.status, some.status]).toEqual([0, 0, 1]);
    expect(rulesOf(json.stdout)).toEqual(all.filter((each) => !warned.includes(each.replace(/^\w+ /, ''))));
    expect(Object.keys(JSON.parse(json.stdout).ignored).toSorted()).toEqual(warned.toSorted());
    for (const rule of warned) {
      expect(text.stdout).not.toContain(`[${rule}]`);
      expect(text.stderr).toContain(`of ${rule} ignored\n`);
    }
  });

  it('reads a captured tree as well', async () => {
    const tree = join(import.meta.dirname, '../../fixtures/trees/igb-bad');
    const asked = ['inspect', '--root', tree, '--fail-on', 'warning'];
    expect((await run(asked)).status).toBe(0);
    expect((await run([...asked, '-j'])).status).toBe(0);
  });

  it.each([
    [['--fail-on', 'info'], "--fail-on 'info': must be one of warning, error"],
    [['--ignore', 'irq-share-cpu'], "--ignore 'irq-share-cpu': no such rule; did you mean irqs-share-cpu?"],
    [['--ignore', 'x'], "--ignore 'x': no such rule; `locality-tune findings` lists them"],
  ])('%j: wrong usage', async (args, message) => {
    expect(await inspect('good', ...args)).toEqual({
      status: 2,
      stdout: '',
      stderr: `locality-tune: ${message}\n`,
    });
  });
});

describe('the findings that count', () => {
  const severity = fc.constantFrom('error' as const, 'warning' as const, 'info' as const);
  const rule = fc.constantFrom('a', 'b', 'c');
  const finding = fc.record({
    rule,
    severity,
    subject: fc.constant('x'),
    message: fc.constant('y'),
    fix: fc.constant([]),
  });

  it('are those that are not ignored, and bad enough', () => {
    fc.assert(
      fc.property(
        fc.array(finding),
        fc.uniqueArray(rule),
        fc.constantFrom('warning', 'error', undefined),
        (all, ignore, failOn) => {
          const options = { ignore, ...(failOn && { failOn }) };
          const { findings, ignored } = sift(all, options);
          expect(findings.length + Object.values(ignored).reduce((sum, n) => sum + n, 0)).toBe(all.length);
          expect(findings.some((each) => new Set<string>(ignore).has(each.rule))).toBe(false);
          const bad = findings.filter(
            (each) => each.severity === 'error' || (each.severity === 'warning' && failOn === 'warning'),
          );
          expect(failing(findings, options)).toEqual(failOn === undefined ? [] : bad);
        },
      ),
    );
  });
});
