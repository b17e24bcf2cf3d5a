/** Every text that somebody else may have chosen is hostile: what a person reads holds none of its raw bytes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseSnapshot } from '../../src/snapshot/parse.ts';
import { SCHEMA } from '../../src/snapshot/types.ts';
import { printable, printableJson, printableLines } from '../../src/words/printable.ts';
import { HOSTILE, poisoned, RAW } from '../fixtures/hostile.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const snapshot = {
  schema: SCHEMA,
  version: '0.1.0',
  time: '2026-11-21T04:06:29.419Z',
  anonymized: false,
  host: host({
    cpus: 4,
    nics: [nic({ queues: 4, irqCpus: [0, 0, 1, [0, 1]] })],
    groups: [group({ workers: pinned(0, 1, 2) })],
    more: { notes: ['a note'] },
  }),
  counters: null,
};

describe('hostile texts', () => {
  const file = join(folder, 'hostile.json');
  const document = poisoned(snapshot, (each) => parseSnapshot(JSON.stringify(each)));
  writeFileSync(file, JSON.stringify(document));

  /** Names, assembler, JSON: whatever a command takes it for. */
  const words = join(folder, 'words');
  writeFileSync(words, `${HOSTILE}\n{"schema":"${HOSTILE}"}\n`);

  it('are in the file: of threads, of the machine, of notes', () => {
    expect(JSON.stringify(document).split('all is well').length).toBeGreaterThan(10);
  });

  it.each([
    ['inspect', '--from', file],
    ['inspect', '--from', file, '--all'],
    ['inspect', '--from', file, '-j'],
    ['inspect', '--from', file, '-p'],
    ['inspect', '--from', file, '--with', 'program=cpu'],
    ['explain', 'tcp', '198.51.100.7:40001', '192.0.2.10:8080', '--from', file],
    ['plan', '--from', file, '--iface', 'eth0', '--port', '8080'],
    ['plan', '--from', file, '--iface', 'eth0', '--port', '8080', '-j'],
    ['report', '--from', file, '-o', '-'],
    ['inspect', '--from', `${file}${HOSTILE.replaceAll('\x00', '')}`],
    ['fleet', file, words],
    ['fleet', file, '--html'],
    ['inspect', '--iface', HOSTILE],
    ['inspect', '--root', HOSTILE, '-j'],
    ...['asm', 'disasm', 'check', 'sim'].flatMap((command) => [
      [command, words],
      [command, `${words}${HOSTILE.replaceAll('\x00', '')}`],
    ]),
    ['programs', HOSTILE],
    ['findings', HOSTILE],
    ['snapshot', '--from', file],
    ['inspect', '--from', words],
    ['inspect', '--from', file, '--flows', words],
    ['inspect', '--from', file, '--ignore', HOSTILE],
    ['live', '--replay', words],
    ['live', '--json', '--from', file],
    ['measure', 'skb', '--comm', HOSTILE, '-c', HOSTILE],
    ['measure', 'udp', '--port', HOSTILE],
    ['attach', '--port', HOSTILE],
    ['attach', '--port', '1', '--program', words, '--dry-run'],
    ['detach', '--pid', HOSTILE],
    ['plan', '--only', HOSTILE],
    ['apply', '--saved', words, '--yes'],
    ['undo', '--journal', HOSTILE, '--yes'],
    ['watch', '--once', '--baseline', words],
    ['watch', '--repair', HOSTILE],
    ['prove', '--port', HOSTILE],
    ['inspect', '--netns', HOSTILE.replaceAll('\x00', '')],
    [`--${HOSTILE}`],
    [HOSTILE],
  ])('%s: reach nobody raw', async (...args) => {
    const { stdout, stderr, status } = await run(args);
    expect(status).not.toBeNull();
    expect(`${stdout}${stderr}`).not.toBe('');
    expect(RAW.exec(stdout)).toBeNull();
    expect(RAW.exec(stderr)).toBeNull();
    // Nothing that pretends to be a line of ours.
    expect(stderr).not.toMatch(/^locality-tune: all is well/m);
    expect(stdout).not.toMatch(/^locality-tune: all is well/m);
  });
});

describe('printable', () => {
  it('shows every control character as what it is, and leaves the rest', () => {
    expect(printable('a\x1b[31m\u009b\x7f\n\u202eé漢')).toBe('a\\x1b[31m\\x9b\\x7f\\x0a\\u{202e}é漢');
    expect(printableLines('a\tb\n\r')).toBe('a\tb\n\\x0d');
  });

  it('leaves JSON the same value', () => {
    const value = { [HOSTILE]: [HOSTILE, 'é'] };
    const json = printableJson(JSON.stringify(value, null, 2));
    expect(JSON.parse(json)).toEqual(value);
    expect(RAW.test(json)).toBe(false);
  });
});
