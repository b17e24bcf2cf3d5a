/** Names that anybody may have chosen, in the view on a real terminal: none of their bytes reaches it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { toRecordedConfiguration, toSample } from '../../src/live/sample-shape.ts';
import { HOSTILE, poisoned } from '../fixtures/hostile.ts';
import { eight, tuned } from '../fixtures/samples.ts';
import { ENTRY } from '../integration/cli.ts';
import { openLab } from '../tune/lab.ts';
import { openScreen, type Screen } from './pty.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The view itself writes only these (ECMA-48 CSI), and line ends. */
const ESC = '\x1b';
const OURS = new RegExp(String.raw`${ESC}\[[?>]?[\d;:]*[A-Za-z]|${ESC}[=>78]|[\r\n]`, 'g');

/** The first thing on the terminal that is neither text nor the view's own. */
function foreign(raw: string): string | null {
  const found = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufeff]/u.exec(raw.replace(OURS, ''));
  return found === null
    ? null
    : JSON.stringify(
        raw
          .replace(OURS, '')
          .slice(Math.max(0, found.index - 40))
          .slice(0, 80),
      );
}

/** The message and the keys: they change with a dialog, and with the result of a key. */
const bottomOf = (screen: Screen): string => screen.lines().slice(-2).join('\n');

async function everyPane(screen: Screen): Promise<void> {
  const pane = async (number: number) => {
    let former = '';
    const isWhole = (text: string): boolean => {
      const isSame = text === former;
      former = text;
      return isSame && text.includes(`[${number} `);
    };
    screen.type(String(number));
    await screen.until(isWhole, `pane ${number}`);
  };
  // A key that comes right behind an escape would be one with alt.
  const open = async (key: string) => {
    const plain = bottomOf(screen);
    screen.type(key);
    await screen.until(() => bottomOf(screen) !== plain, `what ${JSON.stringify(key)} opens`);
    screen.type(ESC);
    await screen.until(() => bottomOf(screen) === plain, `closed what ${JSON.stringify(key)} opens`);
  };
  for (const number of [1, 2, 3, 4]) await pane(number);
  for (const key of ['\r', 'a', 't']) await open(key);
  await pane(5);
  await pane(6);
  screen.type('j');
  await open('\r');
  await pane(7);
  await open('?');
  await pane(4);
}

it('of every text in a recording, and of the name of its file', async () => {
  const [first] = tuned(eight).history;
  if (first === undefined) throw new Error('no sample');
  const { configuration: clean, ...sample } = first;
  const { host, readAt } = clean;
  const configuration = poisoned({ host, readAt }, (each) => toRecordedConfiguration(each, 'configuration'));
  const trouble = { time: first.time, kind: 'trouble', text: 'a probe' };
  const probe = { state: 'failed', coverage: 'none', notes: ['a note'] };
  const bad = poisoned({ ...sample, events: [...sample.events, trouble], probe }, (each) =>
    toSample(each, 'sample'),
  );
  // A line end in the name of a file is one of the name.
  const file = join(folder, `${HOSTILE.replace('\r\n', '')}.jsonl`);
  const lines = [
    { schema: 'locality-tune.recording/1' },
    { configuration },
    { sample: bad },
    { sample: bad },
  ];
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  expect(JSON.stringify(lines).split('all is well').length).toBeGreaterThan(20);

  const screen = openScreen(process.execPath, [ENTRY, 'live', '--replay', file], { columns: 200, rows: 50 });
  await screen.until(/1 overview/);
  await everyPane(screen);
  screen.type('7');
  await screen.until(/\[7 events\][\s\S]*\\x1b\]52;c;ZXZpbA==/);
  expect(foreign(screen.raw())).toBeNull();
  // Copying is the one thing that writes an OSC: what it copies is no more than text.
  screen.type('6');
  await screen.until(/\[6 findings\]/);
  const plain = bottomOf(screen);
  screen.type('c');
  await screen.until(() => screen.raw().includes(`${ESC}]52;c;`), 'a copy');
  await screen.until(() => bottomOf(screen) !== plain, 'the word that it was copied');
  const [, ...copied] = screen.raw().split(`${ESC}]52;c;`);
  expect(copied).toHaveLength(1);
  for (const text of copied.map((each) => each.split('\x07', 1).join()))
    expect(Buffer.from(text, 'base64').toString()).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  screen.type('q');
  expect(await screen.ended).toMatchObject({ code: 0 });
});

/** A reuseport group of two sockets, of a process with a name of its own choice. */
const SERVER = `
import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(15, b'w\\x1b[5;35m\\x9b\\r\\x7f', 0, 0, 0)
members = []
for _ in range(2):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, 15, 1); s.bind(('127.0.0.1', 8080)); s.listen(); members.append(s)
print('ready', flush=True)
sys.stdin.read()
`;

it('of an interface and of a thread on this machine', async () => {
  const lab = openLab('hostile');
  const server = spawn('ip', ['netns', 'exec', lab.name, 'python3', '-c', SERVER]);
  try {
    await once(server.stdout, 'data');
    // All that the kernel forbids in a name is `/`, `:`, a space, and more than 15 bytes.
    lab.sh(
      `ip link set v1 down; ip link set v1 name "$(printf 'v\\033[5;35m\\302\\2332J')"; ip link set lo up`,
    );
    const [file, ...words] = lab.words(['live', '--no-probes']);
    const screen = openScreen(file, words, { columns: 200, rows: 50 });
    await screen.until(/1 overview/);
    await everyPane(screen);
    await screen.until(/w\\x1b\[5;35m/);
    screen.type('3');
    await screen.until(/v\\x1b\[5;35m/);
    expect(foreign(screen.raw())).toBeNull();
    expect(screen.raw()).not.toContain('\x1b[5;35m');
    screen.type('q');
    expect(await screen.ended).toMatchObject({ code: 0 });
  } finally {
    const exit = once(server, 'exit');
    server.kill();
    await exit;
    lab.end();
  }
});
