import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/types.ts';
import { type UnitFacts, unitText } from '../../src/tune/persist.ts';
import { fromSaved, parseSaved, type Saved, toSaved } from '../../src/tune/saved.ts';
import type { Change } from '../../src/tune/types.ts';
import { requireOwnCommand } from '../../src/tune/unit.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';
import { change } from './lab.ts';

const facts: UnitFacts = {
  what: 'eth0, tcp 0.0.0.0:80',
  command: ['/usr/bin/node', '/opt/lt/entry.js'],
  after: ['nginx.service'],
};

describe('the unit', () => {
  it('runs once, after the network and the services, and names the saved plan', () => {
    const lines = unitText(facts, '/var/lib/locality-tune', '/var/lib/locality-tune/saved/7.json').split(
      '\n',
    );
    expect(lines).toContain('After=network-online.target irqbalance.service nginx.service');
    expect(lines).toContain('Type=oneshot');
    expect(lines).toContain(
      'ExecStart=/usr/bin/node /opt/lt/entry.js apply --saved /var/lib/locality-tune/saved/7.json --yes',
    );
  });

  it('quotes what systemd would expand or split', () => {
    const text = unitText(
      { ...facts, what: 'eth0%i', command: ['/opt/my node/$x', '/a"b'] },
      '/p',
      '/p%q.json',
    );
    expect(text).toContain('Description=CPU locality of eth0%%i\n');
    expect(text).toContain('ExecStart="/opt/my node/$$x" "/a\\"b" apply --saved /p%%q.json --yes');
  });
});

describe('the description', () => {
  it('is one line of the unit, whatever an interface is called', () => {
    const lines = (what: string) => unitText({ ...facts, what }, '/p', '/p/q.json').split('\n');
    const usual = lines('eth0');
    expect(lines('eth0\\')).toEqual(usual.with(2, 'Description=CPU locality of eth0?'));
    expect(lines('a\nExecStart=/bin/sh\r')).toEqual(
      usual.with(2, 'Description=CPU locality of a ExecStart=/bin/sh '),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (what) => {
        const [description = '', ...rest] = [lines(what)[2], ...lines(what).toSpliced(2, 1)];
        expect(rest).toEqual(usual.toSpliced(2, 1));
        expect(description).toMatch(/^Description=[^\\\p{C}]*$/u);
      }),
    );
  });
});

describe('what a unit would run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lt-command-'));
    mkdirSync(join(folder, 'lib'));
    writeFileSync(join(folder, 'lib/entry.js'), '');
    symlinkSync('lib/entry.js', join(folder, 'entry'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const require =
    (...words: string[]) =>
    () =>
      requireOwnCommand([process.execPath, ...words]);

  it('may be reached through links', () => {
    expect(require(join(folder, 'entry'))).not.toThrow();
  });

  it.each([
    ['the file', 'lib/entry.js', 0o666],
    ['its folder', 'lib', 0o777],
    ['the folder of the link', '.', 0o777],
  ])('is not run where others can change %s', (_what, path, mode) => {
    chmodSync(join(folder, path), mode);
    expect(require(join(folder, 'entry'))).toThrow(
      expect.objectContaining({
        code: 'not-trusted',
        message: expect.stringMatching(
          /^a unit would run .*\/entry as root, but .* can be written by others/,
        ),
        hint: 'install Node and locality-tune as root, where only root can write, then repeat',
      }),
    );
  });

  it('has a name that a unit can hold', () => {
    expect(require('/opt/a\nb')).toThrow('cannot be named in a unit');
  });
});

describe('a saved plan', () => {
  const irq = (number: number): Change =>
    change({ kind: 'irq', nic: 'eth0', role: 'rxtx', queues: [1], irq: number, name: 'eth0-TxRx-1' }, '1');
  const then: Host = host({
    cpus: 2,
    nics: [nic({ name: 'eth0', queues: 2 })],
    groups: [group({ port: 8080, workers: pinned(0, 1) })],
  });
  /** After a boot other processes serve the same slots, and IRQs have other numbers. */
  const now: Host = JSON.parse(JSON.stringify(then).replace(/"(pid|tid|irq)":(\d+)/g, '"$1":9$2'));
  const owner = (of: typeof then, slot: number) => of.groups[0]?.sockets[slot]?.owners[0];
  const irqsOf = ({ nics }: Host) => nics.flatMap(({ irqs }) => irqs.map(({ irq }) => irq));
  const pidOf = (of: typeof then) => owner(of, 1)?.pid ?? 0;
  const pin = (pid: number) =>
    change({ kind: 'pin', pid, tid: owner(then, 1)?.tid ?? pid, comm: 'x', startTime: '1' }, '1');

  it('finds IRQs by queue and workers by slot, whatever their numbers are now', () => {
    const bans = change({ kind: 'irqbalance', irqs: irqsOf(then) }, '1 2');
    const { saved, left } = toSaved(
      { changes: [bans, irq(9), pin(pidOf(then))], refused: [], notes: [] },
      then,
    );
    expect(left).toEqual([]);
    const plan = fromSaved(parseSaved(JSON.stringify(saved), 'f'), now);
    const number = now.nics[0]?.irqs.find(({ queues }) => queues.includes(1))?.irq;
    expect(plan.changes[1]?.subject).toBe(`irq ${number} (${now.nics[0]?.irqs.at(-1)?.name})`);
    expect(plan.changes.map(({ target }) => target)).toMatchObject([
      { kind: 'irqbalance', irqs: irqsOf(now) },
      { kind: 'irq', irq: number },
      { kind: 'pin', pid: pidOf(now), tid: owner(now, 1)?.tid, startTime: null },
    ]);
    expect(pidOf(now)).not.toBe(pidOf(then));
    expect(fromSaved(saved, host({ cpus: 2 }))).toMatchObject({
      changes: [],
      refused: [{}, {}, {}],
    });
  });

  it('leaves out threads that it could not find again', () => {
    const { saved, left } = toSaved({ changes: [pin(1)], refused: [], notes: [] }, host({ cpus: 2 }));
    expect([saved.changes, left.length]).toEqual([[], 1]);
  });

  it.each([
    '',
    '{}',
    '[]',
    'null',
    '{"schema":"locality-tune.saved/1"}',
    '{"schema":"locality-tune.saved/1","changes":[1]}',
    '{"schema":"locality-tune.saved/1","changes":[{"target":{"kind":"rss","nic":"../../etc"},"to":"default"}]}',
    '{"schema":"locality-tune.saved/1","changes":[{"target":{"kind":"pin","group":"g","slot":-1},"to":"0"}]}',
    '{"schema":"locality-tune.saved/1","changes":[{"target":{"kind":"irqbalance","nics":["a/b"]},"to":"1"}]}',
  ])('is not %j', (text) => {
    expect(() => parseSaved(text, 'f')).toThrow('f is not a saved plan');
  });

  it('is read as it was written', () => {
    const { from: _, ...change } = irq(9);
    const saved: Saved = { schema: 'locality-tune.saved/1', changes: [change] };
    expect(parseSaved(JSON.stringify(saved), 'f')).toEqual(saved);
  });
});
