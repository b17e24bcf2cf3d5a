import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../../src/host/types.ts';
import { createRecorder } from '../../../src/live/recording.ts';
import { SCHEMA } from '../../../src/snapshot/types.ts';
import { configurationOf, eight, historyOf } from '../../fixtures/samples.ts';
import { skbLine } from '../../html/pages.ts';
import { bad, good } from '../../report/machines.ts';
import { ENTRY, run } from '../run.ts';

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'report-'));
  const snapshot = (host: Host) => JSON.stringify({ schema: SCHEMA, host }, null, 2);
  writeFileSync(at('bad.json'), snapshot(bad));
  writeFileSync(at('good.json'), snapshot(good));
  writeFileSync(at('skb.jsonl'), `${skbLine(8)}\n`);
  writeFileSync(at('later.jsonl'), `${skbLine(8, 2)}\n`);
  const recorder = createRecorder(at('recording'));
  for (const sample of historyOf([
    { configuration: configurationOf(eight('cpu')), seconds: 2, rx: 1, tx: 1 },
  ]))
    recorder.write(sample);
  recorder.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function report(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(['report', ...args]);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('report', () => {
  it('writes a page from a snapshot with a measurement, and from nothing else', async () => {
    await report('--from', at('bad.json'), '--measured', at('skb.jsonl'), '-o', at('page.html'));
    const html = readFileSync(at('page.html'), 'utf8');
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('expected locality of udp 0.0.0.0:4433 today');
    expect(html.match(/<svg class="heat"/g)).toHaveLength(2);
    expect(await run(['report', '--from', at('bad.json'), '-o', at('page.html')])).toMatchObject({
      status: 1,
    });
  });

  it('is about the later of two snapshots, or of two measurements', async () => {
    const snapshots = await report('--before', at('bad.json'), '--after', at('good.json'));
    expect(snapshots).toContain('Before and after');
    expect(snapshots).toContain('No findings.');
    const from = ['--from', at('good.json')];
    const both = await report('--before', at('skb.jsonl'), '--after', at('later.jsonl'), ...from);
    expect(both).toContain('received, measured');
    expect(both).toContain('2026-11-21T04:00:02.000Z');
    expect(both).not.toContain('2026-11-21T04:00:01.000Z');
  });

  it('is about the machine in the recording, not about this one', async () => {
    const html = await report('--measured', at('recording'));
    expect(html).toContain('at the end of a recording');
    expect(html).toContain('8 CPUs · eth0 (igb)');
    expect(html).toContain('Connections that are accepted on their receiving CPU');
  });

  it('is the same page from the built program', async () => {
    const args = ['report', '--from', at('bad.json'), '--measured', at('skb.jsonl')];
    expect((await run(args)).stdout).toBe((await run(args, { entry: ENTRY })).stdout);
  });

  it('shows only what was requested', async () => {
    const html = await report('--from', at('bad.json'), '--iface', 'eth1', '--port', '4433');
    expect(html).toContain('eth1');
    expect(html).not.toContain('eth0');
    expect(html).not.toContain(':8080');
  });

  it('says that a measurement seems to be from another machine', async () => {
    const folded = await report('--from', at('bad.json'), '--measured', at('skb.jsonl'));
    expect(folded).not.toContain('is it the same machine');
    writeFileSync(at('large.jsonl'), skbLine(16));
    const html = await report('--from', at('bad.json'), '--measured', at('large.jsonl'));
    expect(html).toContain('measured on CPU 8, 9, 10, 11, 12, 13, 14, 15, which is not online here');
  });

  it.each([
    [['--before', 'bad.json'], 2, '--before: nothing to compare with; give --after too'],
    [['--before', 'bad.json', '--after', 'skb.jsonl'], 2, 'a measurement, but --before is a machine'],
    [['--measured', 'bad.json'], 1, 'the file has no packet measurement'],
    [['--measured', 'none'], 1, 'ENOENT'],
  ])('%j fails with one line', async (args, status, line) => {
    const files = args.map((arg) => (arg.startsWith('--') ? arg : at(arg)));
    const { stderr, ...ran } = await run(['report', ...files]);
    expect(ran).toEqual({ status, stdout: '' });
    expect(stderr).toContain(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
