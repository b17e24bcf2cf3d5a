/** The view in a real terminal: what it leaves behind, however it ends, and what it shows at every size. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createRecorder, readRecording } from '../../src/live/recording.ts';
import type { Sample } from '../../src/live/types.ts';
import { BINDINGS } from '../../tui/keys.ts';
import { eight, large, pair, tuned } from '../fixtures/samples.ts';
import { ENTRY } from '../integration/cli.ts';
import { openScreen, type Screen, type ScreenOptions } from './pty.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-view-'));
afterAll(() => rmSync(folder, { recursive: true }));

let opened: Screen[] = [];
afterEach(async () => {
  const all = opened;
  opened = [];
  for (const screen of all) screen.kill('SIGKILL');
  await Promise.all(all.map(({ ended }) => ended));
});

function recorded(name: string, samples: readonly Sample[], seconds = 0.01): string {
  const file = join(folder, name);
  const recorder = createRecorder(file, true);
  for (const sample of samples) recorder.write({ ...sample, seconds });
  recorder.close();
  return file;
}

const { history } = tuned(eight);
const file = recorded('eight.jsonl', history);

function replay(options: ScreenOptions = {}, path = file): Screen {
  // A shell's prompt above and below shows that the screen is given back.
  const script = 'echo before; "$@"; echo "after $?"';
  const screen = openScreen(
    'sh',
    ['-c', script, 'sh', process.execPath, ENTRY, 'live', '--replay', path],
    options,
  );
  opened.push(screen);
  return screen;
}

/** Of the view itself, which the shell waits for. */
const viewOf = ({ pid }: Screen): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());

const TABS = /1 overview.*2 matrix/;
/** The last line of the screen. */
const KEYS = / \? help {2}q quit$/;

describe('the screen', () => {
  it('is given back by q, ctrl-c, SIGTERM and SIGHUP, with the status of each', async () => {
    const ends: [string, (screen: Screen) => void, number][] = [
      ['q', ({ type }) => type('q'), 0],
      ['ctrl-c', ({ type }) => type('\x03'), 0],
      ['SIGTERM', (screen) => process.kill(viewOf(screen), 'SIGTERM'), 143],
      ['SIGHUP', (screen) => process.kill(viewOf(screen), 'SIGHUP'), 129],
    ];
    for (const [, end, status] of ends) {
      const screen = replay();
      await screen.until(TABS);
      expect(screen.alternate()).toBe(true);
      end(screen);
      await screen.ended;
      expect(await screen.until(/after/)).toMatch(new RegExp(`before\\n+after ${status}`));
      expect(screen.alternate()).toBe(false);
      // The cursor is shown, and a paste is no longer bracketed.
      expect(screen.raw().lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.raw().lastIndexOf('\x1b[?25l'));
      expect(screen.raw().lastIndexOf('\x1b[?2004l')).toBeGreaterThan(
        screen.raw().lastIndexOf('\x1b[?2004h'),
      );
    }
  });

  it('goes to the shell with ctrl-z and comes back', async () => {
    const screen = replay();
    await screen.until(TABS);
    const view = viewOf(screen);
    screen.type('\x1a');
    await screen.until(() => !screen.alternate(), 'the primary screen');
    expect(screen.text()).toMatch(/before/);
    // The screen goes back a moment before the process stops.
    const stopped = () => /^State:\tT/m.test(readFileSync(`/proc/${view}/status`, 'utf8'));
    await screen.until(stopped, 'the stopped view');
    process.kill(view, 'SIGCONT');
    await screen.until(TABS);
    screen.type('2');
    await screen.until(/\[2 matrix\]/);
  });

  it('is not needed for the message that there is none', async () => {
    const dumb = replay({ env: { TERM: 'dumb' } });
    await dumb.ended;
    expect(await dumb.until(/after 2/)).toMatch(/not a terminal/);
    expect(dumb.raw()).not.toContain('\x1b[?1049h');
  });
});

describe('a failure', () => {
  it('of a recording is reported before the live view starts, or inside it after the first sample', async () => {
    const [header = '', configuration = '', sample = ''] = readFileSync(file, 'utf8').split('\n');
    const early = join(folder, 'early.jsonl');
    writeFileSync(early, [header, configuration.replace('"nics":[', '"nics":[null,'), sample].join('\n'));
    const refused = replay({ columns: 200 }, early);
    await refused.ended;
    expect(await refused.until(/after 1/)).toMatch(/before\s+locality-tune: .*line 2 is neither/);
    expect(refused.raw()).not.toContain('\x1b[?1049h');

    const late = join(folder, 'late.jsonl');
    writeFileSync(late, [header, configuration, sample, '{"sample":{}}', sample].join('\n'));
    const screen = replay({ columns: 200 }, late);
    await screen.until(TABS);
    screen.type('7');
    await screen.until(/line 4 is neither.*the replay ends here/);
    screen.type('q');
    expect(await screen.ended).toMatchObject({ code: 0 });
  });

  it('of everything restores the screen, and is reported there', async () => {
    // No file can be longer than 512 bytes: the recording's first line fits, its machine does not.
    const script = 'echo before; ulimit -f 1; "$@"; echo "after $?"';
    const args = ['live', '--no-probes', '--record', join(folder, 'too-long.jsonl')];
    const screen = openScreen('sh', ['-c', script, 'sh', process.execPath, ENTRY, ...args], { columns: 200 });
    opened.push(screen);
    await screen.ended;
    expect(await screen.until(/after 1/)).toMatch(/before\s+locality-tune: .*EFBIG/);
    expect(screen.alternate()).toBe(false);
  });
});

describe('what is shown', () => {
  it.each([
    { name: '2', machine: pair, header: /· 2 CPUs ·/, matrix: /same CPU/ },
    { name: '8', machine: eight, header: /· 8 CPUs ·/, matrix: /same CPU/ },
    {
      name: '128',
      machine: large,
      header: /· 128 CPUs · 2 nodes ·/,
      matrix: /same node[\s\S]*another node/,
    },
  ])('is each pane under its key, on a machine of $name CPUs', async ({ name, machine, header, matrix }) => {
    const group = machine().groups[0]?.id ?? 'none';
    const screen = replay(
      { columns: 160, rows: 45 },
      recorded(`${name}.jsonl`, tuned(machine).history.slice(-30)),
    );
    await screen.until(header);
    for (const [key, ...shown] of [
      ['2', /\[2 matrix\]/, matrix],
      ['3', /\[3 queues\][\s\S]*rx-0/],
      ['4', /\[4 groups\][\s\S]*slot/, group],
      ['5', /\[5 paths\][\s\S]*rx-0/, group],
      ['6', /\[6 findings\][\s\S]*finding/],
      ['7', /\[7 events\]/],
      ['\t', /\[1 overview\][\s\S]*accept :/],
    ] as const) {
      screen.type(key);
      for (const each of shown)
        await screen.until(typeof each === 'string' ? (text) => text.includes(each) : each);
    }
  });

  it('is the help, made from the table of keys', async () => {
    const screen = replay();
    await screen.until(TABS);
    screen.type('?');
    await screen.until(/attach a program[\s\S]*quit/);
    screen.type('\x1b');
    await screen.until((text) => !text.includes('attach a program'));
  });

  it('fits the whole help into 80 x 24, and keeps the keys in the last line, whatever else there is to say', async () => {
    const screen = replay({ columns: 80, rows: 24 });
    await screen.until(TABS);
    screen.type('?');
    const help = await screen.until(/slower, faster[\s\S]*\n esc close .* ctrl-c quit$/);
    expect(help).not.toContain('more line');
    for (const { help: text } of BINDINGS) expect(help).toContain(text);
    screen.type('\x1b');
    await screen.until((text) => !text.includes('1-7 '));
    for (let tab = 1; tab <= 7; tab++) {
      screen.type(String(tab));
      await screen.until((text) => text.includes(`[${tab} `) && KEYS.test(text), `pane ${tab} and its keys`);
    }
    // A message that is longer than the screen.
    screen.type('d');
    await screen.until(/this is no live machine, so nothing can be changed[\s\S]* \? help {2}q quit$/);
    // On a narrow screen the whole message is there, in as many lines as it needs.
    await screen.resize(60, 15);
    screen.type('+');
    await screen.until(/ ✗ a recording has its own interval; < and > change the\n {3}speed\n/);
    await screen.until(KEYS);
  });

  it('never lets a long path push the clock away', async () => {
    const deep = join(folder, 'a-folder-with-a-long-name'.repeat(4));
    mkdirSync(deep);
    const path = join(deep, 'peak.jsonl');
    copyFileSync(file, path);
    const screen = replay({ columns: 80, rows: 24 }, path);
    await screen.until(
      /^ locality-tune {2}….*peak\.jsonl {2,}\d+ of 90 {2}1x {2}\S .*\d\d:\d\d:\d\d\n/,
      'the file and the clock',
    );
  });

  it('winds a recording back, pauses it, and changes its speed', async () => {
    // Slow enough to be seen ten samples before its end.
    const screen = replay({ columns: 80, rows: 24 }, recorded('slow.jsonl', history, 0.3));
    await screen.until(TABS);
    screen.type('}}');
    await screen.until(/90 of 90 {2}1x {2}■ end/);
    screen.type('[');
    await screen.until(/8\d of 90/);
    screen.type(' {');
    await screen.until(/\d+ of 90 {2}1x {2}‖ paused/);
    screen.type('{');
    await screen.until(/ 1 of 90 {2}1x {2}‖ paused/);
    // By hash, as it was at first.
    await screen.until(/by hash over 8 sockets/);
    screen.type('>>>');
    await screen.until(
      / 1 of 90 {2}8x {2}‖ paused[\s\S]*\[ \] back, forward {2}< > speed .*space continue .*q quit$/,
    );
    screen.type(' ');
    await screen.until(/90 of 90 {2}8x {2}■ end/);
    screen.type('+');
    await screen.until(/< and > change the speed/);
  });

  it('takes keys that come in one input one by one', async () => {
    const screen = replay();
    await screen.until(TABS);
    screen.type('??6234');
    await screen.until(/\[4 groups\]/);
    expect(screen.text()).not.toMatch(/Keys/);
  });

  it('has no line wider than the terminal while it is resized many times, and ends with a whole picture', async () => {
    const screen = replay({}, recorded('large.jsonl', tuned(large).history.slice(-30)));
    await screen.until(TABS);
    const sizes = [60, 300, 80, 213, 61, 120].flatMap((columns) =>
      [15, 100, 24, 37].map((rows) => [columns, rows] as const),
    );
    for (const [index, [columns, rows]] of sizes.entries()) {
      await screen.resize(columns, rows);
      screen.type(String(1 + (index % 7)));
      await sleep(index % 3 === 0 ? 60 : 5);
    }
    for (const [columns, rows] of [
      [60, 15],
      [300, 100],
    ] as const) {
      await screen.resize(columns, rows);
      for (let tab = 1; tab <= 7; tab++) {
        screen.type(String(tab));
        // A frame may come in two parts. A line that is wider than the terminal would move those below.
        const whole = () => {
          const [first = '', second = ''] = screen.lines();
          return (
            first.startsWith(' locality-tune') && second.includes(`[${tab} `) && KEYS.test(screen.text())
          );
        };
        await screen.until(whole, `pane ${tab} and the status line`);
        expect(screen.lines()).toHaveLength(rows);
      }
    }
  });

  it('does not react to pasted text', async () => {
    const screen = replay();
    await screen.until(TABS);
    screen.type('\x1b[200~rm -rf / q y 7\nq\r\x1b[201~');
    screen.type('\x1b[<0;10;10M\x1b[I\x1b[1;1R\xff\x00\x02');
    screen.type('2');
    await screen.until(/\[2 matrix\]/);
    screen.type('1/');
    await screen.until(/esc clear it/);
    screen.type('\x1b[200~eth0\x1b[201~');
    await screen.until(/\/eth0_/);
  });

  it('has no colours where NO_COLOR is set', async () => {
    const screen = replay({ env: { NO_COLOR: '1', FORCE_COLOR: undefined } });
    await screen.until(TABS);
    screen.type('2');
    await screen.until(/\[2 matrix\]/);
    const colours = screen
      .raw()
      .split('\x1b[')
      .filter((sequence) => /^(?:[349][0-7]|[34]8[;:][\d;:]+)m/.test(sequence));
    expect(colours).toEqual([]);
  });

  it('is one clear line about a file that is not a recording', async () => {
    const path = join(folder, 'broken.jsonl');
    for (const [text, message] of [
      ['', /not a recording/],
      ['{"schema":"locality-tune.recording/2"}\n', /version 2; update locality-tune/],
      ['{"schema":"locality-tune.recording/1"}\n{"configuration":1}\n', /line 2 is neither/],
    ] as const) {
      writeFileSync(path, text);
      const screen = replay({ columns: 150 }, path);
      await screen.ended;
      expect(await screen.until(/after 1/)).toMatch(message);
    }
  });
});

describe('--record', () => {
  const live = (...args: string[]): Screen => {
    const screen = openScreen(process.execPath, [ENTRY, 'live', '--no-probes', ...args], { columns: 120 });
    opened.push(screen);
    return screen;
  };

  it('asks before it overwrites a file, and does as it is told', async () => {
    const path = join(folder, 'kept.jsonl');
    writeFileSync(path, 'kept');
    const refused = live('--record', path);
    await refused.until(/kept\.jsonl exists\. Overwrite it\? \[y\/N\]/);
    refused.type('n\r');
    expect(await refused.ended).toMatchObject({ code: 1 });
    await refused.until(/the file exists already/);
    expect(readFileSync(path, 'utf8')).toBe('kept');

    const agreed = live('--record', path);
    await agreed.until(/Overwrite it/);
    agreed.type('y\r');
    await agreed.until(TABS);
    agreed.type('q');
    expect(await agreed.ended).toMatchObject({ code: 0 });
    expect(readRecording(readFileSync(path, 'utf8')).length).toBeGreaterThan(0);

    writeFileSync(path, 'not kept');
    const forced = live('--record', path, '--force');
    await forced.until(TABS);
    forced.type('q');
    await forced.ended;
    expect(readFileSync(path, 'utf8')).toMatch(/^\{"schema":"locality-tune\.recording\/1"/);
  });

  it('also records what --json prints', async () => {
    const path = join(folder, 'json.jsonl');
    const screen = live('--json', '--record', path);
    await screen.until(() => screen.raw().split('"locality-tune.live/1"').length > 2, 'two samples');
    screen.type('\x03');
    await screen.ended;
    const [printed = ''] = screen.raw().split('\r\n');
    const [first] = readRecording(readFileSync(path, 'utf8'));
    expect(JSON.parse(printed)).toMatchObject({ time: first?.time, port: null });
  });
});
