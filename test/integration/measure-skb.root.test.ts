import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScreen } from '../tui/pty.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson, ENTRY } from './cli.ts';
import { type Live, startLive } from './live.ts';

interface Figure {
  readonly packets: number;
  readonly local: number;
  readonly percent: number | null;
}

interface Document {
  readonly rx: Figure;
  readonly tx: Figure;
  readonly toDriver: Figure | null;
  readonly rxMatrix: readonly (readonly number[])[];
  readonly txMatrix: readonly (readonly number[])[];
  readonly cpus: readonly number[];
  readonly lost: number;
  readonly notes: readonly string[];
}

const PORT = 28_093;
const traffic = fileURLToPath(new URL('traffic.py', import.meta.url));
const run = (mode: 'udp' | 'tcp' | 'tap', count: number, sender: number, reader: number) =>
  promisify(execFile)('python3', [traffic, mode, ...[PORT, count, sender, reader].map(String)]);

const total = (documents: readonly Document[], matrix: 'rxMatrix' | 'txMatrix') =>
  [0, 1].map((row) =>
    [0, 1].map((column) => documents.reduce((sum, each) => sum + (each[matrix][row]?.[column] ?? 0), 0)),
  );

/** Datagrams whose delivery was not seen, by the notes. */
const unseen = (documents: readonly Document[]): number =>
  documents
    .flatMap(({ notes }) => notes)
    .reduce((sum, note) => sum + Number(/^(\d+) datagrams? w(?:as|ere) not counted/.exec(note)?.[1] ?? 0), 0);

beforeAll(assertBpfAnswers);

describe('measure skb', () => {
  let live: Live;
  beforeAll(async () => {
    live = startLive(['measure', 'skb', '-j', '-i', '0.5', '--port', String(PORT)]);
    expect(await live.document()).toMatchObject({
      schema: 'locality-tune.skb/1',
      rx: { packets: 0, local: 0, percent: null },
      tx: { packets: 0, local: 0, percent: null },
      toDriver: null,
      lost: 0,
    });
  });
  afterAll(async () => {
    expect(await live.interrupt()).toMatchObject({ code: 0, stderr: '' });
  });

  /** What was counted until `count` packets were, and in the interval after that; and those that it says it could not count. */
  async function counted(direction: 'rx' | 'tx', count: number) {
    const seen: Document[] = [];
    const packets = () => seen.reduce((sum, document) => sum + document[direction].packets, 0);
    while (packets() + unseen(seen) < count) seen.push(await live.document<Document>());
    seen.push(await live.document<Document>());
    const missed = unseen(seen);
    expect(packets() + missed).toBe(count);
    // Another socket of the machine may share the entry of this one.
    expect(missed).toBeLessThan(count / 20);
    return { seen: seen.filter((document) => document.rx.packets + document.tx.packets > 0), missed };
  }

  it.each([
    ['udp', 2_003, 0, 1, 'rx'],
    ['udp', 2_003, 1, 0, 'rx'],
    ['udp', 2_003, 1, 1, 'rx'],
    ['tcp', 1_000, 0, 1, 'rx'],
    ['tcp', 1_000, 0, 0, 'rx'],
    ['tap', 1_009, 0, 1, 'tx'],
    ['tap', 1_009, 0, 0, 'tx'],
  ] as const)(
    '%s: %i packets from CPU %i, read or freed on CPU %i, are %s',
    async (mode, count, from, to, direction) => {
      const done = run(mode, count, from, to);
      const { seen, missed } = await counted(direction, count);
      await done;
      const expected = [0, 1].map((row) =>
        [0, 1].map((column) => (row === from && column === to ? count - missed : 0)),
      );
      const nothing = [0, 1].map(() => [0, 0]);
      expect(total(seen, 'rxMatrix')).toEqual(direction === 'rx' ? expected : nothing);
      expect(total(seen, 'txMatrix')).toEqual(direction === 'tx' ? expected : nothing);
      for (const { [direction]: figure, lost } of seen)
        expect({ ...figure, lost }).toMatchObject({
          local: from === to ? figure.packets : 0,
          percent: from === to ? 100 : 0,
          lost: 0,
        });
    },
  );
});

describe('measure skb', () => {
  it('is not misled by packets that are returned to be freed, unlike --by free', async () => {
    const live = startLive(['measure', 'skb', '-j', '-i', '1', '--by', 'free']);
    await live.document();
    await run('tcp', 1_000, 0, 1);
    const { lines, code } = await live.interrupt();
    expect(code).toBe(0);
    const documents = lines.map((line) => JSON.parse(line) as Document);
    const [[near = 0, far = 0] = [], [away = 0, back = 0] = []] = total(documents, 'rxMatrix');
    // Each was read on the other CPU (the test above). Some still wait for their turn to be freed.
    expect(near + back).toBeGreaterThan(1_900);
    expect(far + away).toBeLessThan(100);
    expect(documents.every(({ notes }) => notes.some((note) => note.includes('misleads')))).toBe(true);
  });

  it('counts packets handed to the driver as a third figure, if requested', async () => {
    const live = startLive(['measure', 'skb', '-j', '-i', '1', '--to-driver']);
    expect(await live.document<Document>()).toHaveProperty('toDriver.packets');
    await run('udp', 503, 0, 1);
    const { lines } = await live.interrupt();
    const { packets = 0 } = lines.map((line) => JSON.parse(line) as Document).at(-1)?.toDriver ?? {};
    expect(packets).toBeGreaterThanOrEqual(503);
  });

  it('prints a line each interval, and says once what it cannot see', async () => {
    const { code, stdout, stderr } = await cli('measure', 'skb', '-i', '0.3', '-c', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^(rx=( {3}-|[ \d]{3}%) [ \w.]{5}pps tx=( {3}-|[ \d]{3}%) [ \w.]{5}pps n=\d+\/\d+\n){2}$/,
    );
    const notes = stderr.trimEnd().split('\n');
    expect(new Set(notes).size).toBe(notes.length);
    expect(notes.every((note) => note.startsWith('note: '))).toBe(true);
  });

  it('in a network namespace, says on the terminal what it waits for and gives the rates of what it counts', async () => {
    const args = ['-n', process.execPath, ENTRY, 'measure', 'skb', '-c', '1'];
    const screen = openScreen('unshare', args, { columns: 120 });
    await screen.until(/starting bpftrace \.\.\./);
    const text = await screen.until(/rx=.* n=\d+\/\d+/);
    expect(text).toContain('the packets of all network namespaces are counted');
    expect(text).not.toContain('starting bpftrace');
    expect((await screen.ended).code).toBe(0);
  });

  it('leaves out tx for a process, which has none of its own', async () => {
    const document = await cliJson<Document>('measure', 'skb', '-i', '0.2', '-c', '1', '--pid', '1');
    expect(document.tx).toMatchObject({ packets: null, local: null, percent: null });
    expect(document.txMatrix).toBeNull();
    expect(document.notes).toContainEqual(expect.stringMatching(/^no tx/));
  });
});
