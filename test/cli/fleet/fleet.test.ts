import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet } from '../../../src/fleet/types.ts';
import { SCHEMA, type Snapshot } from '../../../src/snapshot/types.ts';
import { group, host, nic, pinned } from '../../fixtures/hosts.ts';
import { run } from '../run.ts';

const recording = join(import.meta.dirname, '../../fixtures/recordings/igb.jsonl');

let folder = '';
const files: string[] = [];
const file = (name: string): string => join(folder, name);

function save(hostname: string, tuned: boolean, port = 443): string {
  const machine = host({
    cpus: 4,
    nics: [nic({ queues: 4, irqCpus: tuned ? [0, 1, 2, 3] : [0, 0, 0, 0], xps: true })],
    groups: [group({ port, workers: pinned(0, 1, 2, 3), ...(tuned && { program: 'cpu' }) })],
  });
  const snapshot: Snapshot = {
    schema: SCHEMA,
    version: '0.1.0',
    time: '2026-11-21T04:06:29.419Z',
    anonymized: false,
    host: { ...machine, machine: { ...machine.machine, hostname } },
    counters: null,
  };
  const path = file(`${hostname}.json`);
  writeFileSync(path, JSON.stringify(snapshot));
  return path;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lt-fleet-'));
  for (let at = 1; at <= 5; at++) files.push(save(`web-0${at}`, at !== 4));
  writeFileSync(file('broken.json'), '{"schema":"locality-tune.snapshot/1", "host"');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('fleet', () => {
  it('names the detuned host first, what is wrong with it, and in what it differs', async () => {
    const { status, stdout, stderr } = await run(['fleet', ...files]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^None of 5 hosts has an error\./);
    expect(stdout).toContain('The lowest expected locality is 25 %: web-04, tcp 0.0.0.0:443.');
    expect(stdout).toMatch(/^web-04 +25 % /m);
    expect(stdout).toMatch(
      /^web-04 +eth0 interrupts +on 1 CPU, at most 4 queues on +on 4 CPUs, .* 4 of 4\n +one$/m,
    );
    expect(stdout).toMatch(/^web-04 +tcp 443 steered by +hash +program cpu +4 of 4$/m);
    expect(stdout).toMatch(/^irqs-share-cpu +warning +1 +20 %$/m);
  });

  it('is one document, with numbers for every host', async () => {
    const { stdout } = await run(['fleet', ...files, '-j']);
    const document: Fleet & { schema: string } = JSON.parse(stdout);
    expect(document.schema).toBe('locality-tune.fleet/1');
    expect(document.hosts.map((each) => each.expected)).toEqual([0.25, 1, 1, 1, 1]);
    expect(document.hosts[0]?.findings).toMatchObject({ 'irqs-share-cpu': 1, 'hash-selection': 1 });
    expect(document.unread).toEqual([]);
  });

  it('reads recordings of the live view, which were measured', async () => {
    const { stdout } = await run(['fleet', recording, '-j']);
    const { hosts }: Fleet = JSON.parse(stdout);
    expect(hosts).toHaveLength(1);
    expect(hosts[0]?.measured).toBeGreaterThan(0);
    expect(hosts[0]?.measured).toBeLessThanOrEqual(1);
  });

  it('names a file that it cannot read, compares the others, and fails', async () => {
    const { status, stdout, stderr } = await run(['fleet', file('broken.json'), file('none.json'), ...files]);
    expect(status).toBe(1);
    expect(stderr.split('\n')).toHaveLength(3);
    expect(stderr).toMatch(/^locality-tune: .*broken\.json: the JSON in it is broken or cut off; /);
    expect(stderr).toMatch(/none\.json: no such file or directory \(ENOENT\)$/m);
    expect(stdout).toContain('2 files could not be read.');
    const none = await run(['fleet', file('broken.json'), '-j']);
    expect([none.status, JSON.parse(none.stdout).error.code]).toEqual([1, 'nothing-read']);
  });

  it('keeps one port, and says what it serves', async () => {
    const dns = save('dns', true, 53);
    const { stdout } = await run(['fleet', ...files, dns, '--port', '53', '-j']);
    const { hosts }: Fleet = JSON.parse(stdout);
    expect(hosts.map(({ host: name, role }) => [name, role.join()])).toContainEqual(['dns', 'tcp 53']);
    expect(hosts.filter(({ role }) => role.length > 0)).toHaveLength(1);
  });

  it('is a page, which can be written to a file', async () => {
    const page = file('fleet.html');
    expect((await run(['fleet', ...files, '--html', '-o', page])).status).toBe(0);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('<h1>Packet locality of 5 hosts</h1>');
    expect(html.indexOf('web-04')).toBeLessThan(html.indexOf('web-01'));
    expect((await run(['fleet', ...files, '--html', '-o', page])).status).toBe(1);
  });

  it('is the same page by report', async () => {
    const page = file('report.html');
    expect((await run(['report', '--fleet', ...files, '-o', page])).status).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('<h1>Packet locality of 5 hosts</h1>');
    const { status, stderr } = await run(['report', '--fleet', ...files, '--from', files[0] ?? '']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--from: cannot be combined with --fleet')]);
  });

  it.each([
    [[], 'fleet: no files'],
    [['x.json', '--html', '-j'], '--html: cannot be combined with -j'],
    [['x.json', '-o', 'y'], '-o: needs --html'],
  ])('refuses %j', async (args, what) => {
    const { status, stdout, stderr } = await run(['fleet', ...args]);
    expect([status, `${stdout}${stderr}`]).toEqual([2, expect.stringContaining(what)]);
  });
});
