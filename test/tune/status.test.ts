/** What `status` makes of journals, attached programs and running groups. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { monitoringLine, statusLines } from '../../src/report/status.ts';
import { type Attachment, parseAttachment } from '../../src/tune/attachment.ts';
import { authorOf, parseAuthor } from '../../src/tune/author.ts';
import type { Journal, JournalStep } from '../../src/tune/journal.ts';
import type { Access } from '../../src/tune/settings/setting.ts';
import { type Standing, standingOf, verdictOf } from '../../src/tune/status.ts';
import { group, pinned, type Worker } from '../fixtures/hosts.ts';
import { change } from './lab.ts';
import { openTree } from './tree.ts';

type Workers = readonly Worker[];
const ID = 'tcp 0.0.0.0:8080';
const BY = { user: 'alice', command: 'locality-tune apply --port 8080', version: '0.1.0' };

/** A pin of the worker of a slot; the process of that pid has ended. */
const pin = (pid: number, slot: number | null, cpu: number): JournalStep => ({
  step: slot ?? pid,
  change: change(
    { kind: 'pin', pid, tid: pid, comm: 'nginx', startTime: '1', serves: { group: ID, slot } },
    `${cpu}`,
  ),
  device: null,
  from: '0-3',
  to: `${cpu}`,
  also: [],
  outcome: 'done',
  is: `${cpu}`,
});

const journal = (id: string, steps: readonly JournalStep[]): Journal & { readonly id: string } => ({
  id,
  header: {
    record: 'journal',
    version: 1,
    time: `2026-01-0${id}T00:00:00.000Z`,
    bootId: 'b',
    netns: 1,
    netnsCookie: '1',
    by: BY,
  },
  steps,
  persisted: [],
  ended: true,
});

const programStep = (asm: string): JournalStep => ({
  ...pin(1, 9, 0),
  change: change({ kind: 'program', group: ID, name: 'cpu', instructions: null }, asm),
  to: asm,
  is: asm,
});

async function stand(
  journals: readonly (Journal & { readonly id: string })[],
  workers: Workers,
  program: 'cpu' | null,
  attachment: Partial<Attachment> | null = null,
): Promise<Standing> {
  const groups = [group({ port: 8080, workers, ...(program && { program }) })];
  const tree = openTree();
  try {
    const access: Access = tree.access();
    const [now] = groups;
    const attachments = new Map(
      attachment === null ? [] : [[ID, { ...noted(workers.length), ...attachment }] as const],
    );
    const programs = { ...access.programs, group: async (id: string) => (now?.id === id ? now : null) };
    return await standingOf({ ...access, programs }, journals, { groups, attachments });
  } finally {
    tree.end();
  }
}

const noted = (size: number): Attachment => ({
  record: 'attachment',
  version: 1,
  time: '2026-01-02T00:00:00.000Z',
  bootId: 'b',
  netns: 1,
  netnsCookie: '1',
  group: ID,
  instructions:
    group({ port: 8080, workers: pinned(...Array(size).keys()), program: 'cpu' }).program?.instructions ?? [],
  size,
  cpusOfSlot: Array.from({ length: size }, (_, slot) => [slot]),
  by: BY,
});

/** Programs of as many groups, whose servers have ended. */
async function withoutServers(count: number): Promise<Standing> {
  const ids = Array.from({ length: count }, (_, index) => `${ID}${index}`);
  const attachments = new Map(ids.map((id) => [id, { ...noted(2), group: id }]));
  const tree = openTree();
  try {
    return await standingOf(tree.access(), [], { groups: [], attachments });
  } finally {
    tree.end();
  }
}

const states = ({ settings }: Standing) =>
  settings.map(({ kind, subject, state }) => `${kind} ${subject}: ${state}`);
const loose: Workers = [{ cpus: [0, 1, 2, 3] }, { cpus: [0, 1, 2, 3] }];

describe('after a reload', () => {
  it('a pin whose successor may run anywhere has drifted', async () => {
    const { drift } = await stand([journal('1', [pin(100, 0, 0), pin(101, 1, 1)])], loose, null);
    expect(drift).toMatchObject([
      { subject: 'nginx 100', wanted: '0', is: '0-3', likely: expect.stringContaining('reloaded') },
      { subject: 'nginx 101', wanted: '1', is: '0-3' },
    ]);
  });

  it('and a new apply, the old pins are superseded', async () => {
    // The last two threads have ended, too, and nobody serves their slots: they show which journal counts.
    const journals = [
      journal('2', [pin(200, 0, 0), pin(201, 1, 1)]),
      journal('1', [pin(100, 0, 0), pin(101, 1, 1)]),
    ];
    const standing = await stand(journals, loose, null);
    expect(standing.settings.map(({ subject, journal }) => `${subject} ${journal}`)).toEqual([
      'nginx 200 2',
      'nginx 201 2',
    ]);
    const calm = await stand([journal('1', [pin(100, 0, 3)])], pinned(0, 1), null);
    expect(calm.drift).toEqual([]);
  });

  it('a pin of a slot that was not known has drifted once for its group, until the next apply', async () => {
    const before = journal('1', [pin(100, null, 0), pin(101, null, 1)]);
    expect((await stand([before], loose, null)).drift).toMatchObject([{ wanted: '1', is: '0-3' }]);
    expect((await stand([before], pinned(0, 1), null)).drift).toEqual([]);
    const after = journal('2', [pin(200, 0, 0), pin(201, 1, 1)]);
    expect((await stand([after, before], loose, null)).settings).toMatchObject([
      { subject: 'nginx 200' },
      { subject: 'nginx 201' },
    ]);
  });

  it('a pin that ended with a server that has stopped is no drift', async () => {
    const standing = await stand([journal('1', [pin(100, 5, 0)])], pinned(0, 1), null);
    expect(states(standing)).toEqual(['pin nginx 100: ended']);
    expect(verdictOf({ journals: [], notes: [] }, standing)).toBe('nothing');
  });

  it('with more workers, a program for fewer sockets has drifted, whoever attached it', async () => {
    const asm = group({ port: 8080, workers: pinned(0, 1), program: 'cpu' }).program?.asm ?? '';
    const grown = pinned(0, 1, 2);
    // The text of the program is what was set: only the group tells.
    const two = noted(2);
    const groupNow = group({ port: 8080, workers: grown, program: 'cpu' });
    const now = { ...groupNow, program: { ...groupNow.program, instructions: two.instructions, asm } };
    const tree = openTree();
    const access = tree.access();
    const programs = { ...access.programs, group: async () => now as typeof groupNow };
    for (const [journals, attachments] of [
      [[journal('1', [programStep(asm)])], new Map()],
      [[], new Map([[ID, two]])],
      [[], new Map()],
    ] as const) {
      const groups = [now as typeof groupNow];
      const { drift } = await standingOf({ ...access, programs }, journals, { groups, attachments });
      expect(drift).toMatchObject([{ subject: ID, wanted: 'cpu for 2 sockets', is: '3 sockets' }]);
    }
    tree.end();
  });

  it('with workers on other CPUs, a program by CPU has drifted', async () => {
    const { drift } = await stand([], loose, 'cpu', {});
    expect(drift).toMatchObject([
      { wanted: 'cpu with slot 0 on CPU 0, slot 1 on CPU 1', is: 'slot 0 on CPU 0-3, slot 1 on CPU 0-3' },
    ]);
    // Where they were loose when it was attached, nothing has changed.
    expect((await stand([], loose, 'cpu', { cpusOfSlot: [[0, 1, 2, 3], null] })).drift).toEqual([]);
    // On CPU 2 the program picks slot 0 as well.
    expect((await stand([], pinned(2, 1), 'cpu', {})).drift).toEqual([]);
  });
});

describe('a program by attach', () => {
  it('is listed with who attached it, and without a note too', async () => {
    const known = await stand([], pinned(0, 1), 'cpu', {});
    expect(known.settings).toMatchObject([
      { kind: 'program', subject: ID, wanted: 'cpu for 2 sockets', state: 'as-set', journal: null, by: BY },
    ]);
    expect((await stand([], pinned(0, 1), 'cpu')).settings).toMatchObject([{ state: 'as-set', by: null }]);
    expect((await stand([], pinned(0, 1), null)).settings).toEqual([]);
  });

  it('has drifted once the server is without it', async () => {
    const { drift } = await stand([], pinned(0, 1), null, {});
    expect(drift).toMatchObject([{ subject: ID, wanted: 'cpu', is: 'none' }]);
  });

  it('has ended with its server, which is no drift', async () => {
    const standing = await withoutServers(1);
    expect(standing.settings).toMatchObject([
      { kind: 'program', subject: `${ID}0`, wanted: 'cpu for 2 sockets', is: null, state: 'ended', by: BY },
    ]);
    expect(standing.drift).toEqual([]);
    expect(verdictOf({ journals: [], notes: [] }, standing)).toBe('nothing');
  });
});

describe('its words', () => {
  const shown = (standing: Standing) => ({
    ...standing,
    journals: [],
    notes: [],
    dropIns: ['/etc/systemd/system/nginx.service.d/locality-tune-tcp-8080.conf'],
    verdict: verdictOf({ journals: [], notes: [] }, standing),
  });
  const style = { color: false, rules: false, unicode: true, columns: 100 };

  it('of a monitoring check are one line', async () => {
    const line = async (program: 'cpu' | null, workers: Workers) =>
      monitoringLine(shown(await stand([], workers, program, program && {})));
    expect(await line('cpu', pinned(0, 1))).toBe(
      'locality-tune OK: no drift: 1 setting as it was set | settings=1 drift=0',
    );
    expect(await line('cpu', loose)).toMatch(
      /^locality-tune WARNING: drift: 1 of 1 setting: tcp 0\.0\.0\.0:8080 is [^|]* \| settings=1 drift=1$/,
    );
    expect(await line(null, loose)).toBe('locality-tune UNKNOWN: nothing is applied | settings=0 drift=0');
  });

  it('have one line for all programs that ended with their servers', async () => {
    const texts = async (count: number) =>
      statusLines({ ...shown(await withoutServers(count)), dropIns: [] }, { ...style, columns: 400 }).map(
        (line) => line.map(({ text }) => text).join(''),
      );
    const remedy = '`locality-tune detach --port PORT` (with --udp for UDP) removes the record of one';
    expect(await texts(1)).toEqual([
      'nothing is in force: what was applied has ended with its processes',
      `ended: 1 program with its server: tcp 0.0.0.0:80800; ${remedy}`,
    ]);
    const [, many = '', ...more] = await texts(9);
    expect(many).toMatch(/^ended: 9 programs with their servers: tcp 0\.0\.0\.0:80800, .* and 6 more; /);
    expect(more).toEqual([]);
  });

  it('name who did it', async () => {
    const text = statusLines(shown(await stand([], pinned(0, 1), 'cpu', {})), style)
      .map((line) => line.map((part) => part.text).join(''))
      .join('\n');
    expect(text).toContain('attached: tcp 0.0.0.0:8080, 2026-01-02T00:00:00.000Z, alice with version 0.1.0');
    expect(text).toContain(
      'at each start: /etc/systemd/system/nginx.service.d/locality-tune-tcp-8080.conf attaches a',
    );
    expect(text).toMatch(/program {2}tcp 0\.0\.0\.0:8080 {2}cpu for 2 sockets {2}as set {2}attach/);
  });
});

it('its words name a network namespace in what to run, and leave what was typed', async () => {
  const header = { time: '2026-01-02T00:00:00.000Z', netns: 1, by: BY };
  const journal = { header, steps: [], persisted: [], ended: false } as unknown as Journal;
  const standing = await stand([], pinned(0, 1), 'cpu', {});
  const text = statusLines(
    {
      ...standing,
      journals: [{ file: { id: '7', path: '/7' }, journal, place: 'here' }],
      notes: [],
      dropIns: [],
      verdict: 'as-set',
    },
    { color: false, rules: false, unicode: true, columns: 200, netns: { asked: 'web', pid: null } },
  )
    .map((line) => line.map((part) => part.text).join(''))
    .join('\n');
  expect(text).toContain('interrupted: `locality-tune undo --netns web` restores what it changed');
  expect(text.split('`locality-tune apply --port 8080`')).toHaveLength(3);
});

describe('who it was', () => {
  it('is who called sudo, with the command as a shell takes it', () => {
    const by = authorOf({ SUDO_USER: 'alice' }, ['apply', '--iface', 'a b']);
    expect(by).toMatchObject({ user: 'alice', command: "locality-tune apply --iface 'a b'" });
    expect(authorOf({}, []).user).not.toBe('');
    expect(parseAuthor(by)).toEqual(by);
  });

  it('and what was noted of an attach, is read from any text without harm', () => {
    expect(parseAttachment(JSON.stringify(noted(2)))).toEqual(noted(2));
    const field = fc.constantFrom(...Object.keys(noted(2)));
    fc.assert(
      fc.property(field, fc.jsonValue(), fc.string(), (name, value, text) => {
        parseAttachment(text);
        const read = parseAttachment(JSON.stringify({ ...noted(2), [name]: value }));
        if (read !== null) expect(parseAttachment(JSON.stringify(read))).toEqual(read);
      }),
      { seed: 17 },
    );
  });
});
