/** Commands that name an interface mean only that interface, for any name. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import type { Host } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import { planTuning } from '../../src/tune/plan.ts';
import { toScript } from '../../src/tune/script.ts';
import { inNetns, mentionInDocument, mentionNetns } from '../../src/words/in-netns.ts';
import { compact, nicPath, option, queueFile, word, write } from '../../src/words/shell.ts';
import { group, host, nic, pinned, range } from '../fixtures/hosts.ts';

const folder = mkdtempSync(join(tmpdir(), 'lt-shell-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Without any program to run: what is not a word of the shell itself fails. */
const sh = (...args: readonly string[]) =>
  spawnSync('/bin/sh', [...args], { cwd: folder, env: { PATH: '/none' }, encoding: 'utf8' });

/** What dev_valid_name (net/core/dev.c) lets through: no slash, no colon, no blank; anything else. */
const names = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 15 })
  .map((text) => text.replace(/[/:\s\0]/gu, '_'))
  .filter((text) => text !== '.' && text !== '..' && text.isWellFormed());
const HOSTILE = [
  ['a;touch$', '{IFS}PWNED;b'].join(''),
  '$(>PWNED)',
  '`>PWNED`',
  "'>PWNED'",
  '-x',
  '"',
  '\\',
  '*',
  '~',
  'a&b|c',
];

const wordsOf = (line: string): string[] => {
  const { status, stdout, stderr } = sh('-c', `for each in ${line}; do printf '%s\\0' "$each"; done`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\0').slice(0, -1);
};

describe('word', () => {
  it('is one word, and the text', () => {
    const some = fc.sample(names, { numRuns: 300, seed: 7 });
    expect(wordsOf([...HOSTILE, ...some].map(word).join(' '))).toEqual([...HOSTILE, ...some]);
  });

  it('of an option is its value, also behind a dash', () => {
    expect(option('iface', 'eth0')).toBe('--iface eth0');
    expect(wordsOf(option('iface', '-x'))).toEqual(['--iface=-x']);
  });

  it('of a file of a NIC keeps what the shell is to expand', () => {
    expect(nicPath('eth0', 'queues/tx-$q/xps_cpus')).toBe('/sys/class/net/eth0/queues/tx-$q/xps_cpus');
    expect(wordsOf(nicPath('a b', 'threaded'))).toEqual(['/sys/class/net/a b/threaded']);
    expect(write('1', '/sys/a b')).toBe("echo 1 > '/sys/a b'");
  });
});

/** A loop without any program: PATH leads nowhere. */
const SEQ = 'seq() { i=$1; while [ $i -le $2 ]; do echo $i; i=$((i + 1)); done; }';

/** The arguments of each `printf` in the commands, in the order of their text: shapes may come in any order. */
function printed(commands: readonly string[]): string[] {
  const { status, stdout, stderr } = sh('-c', [SEQ, ...commands].join('\n'));
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\0').sort();
}

describe('compact', () => {
  it('gives few commands as they are', () => {
    const few = range(16).map((at) => write('0', `/sys/${at}`));
    expect(compact(few)).toBe(few);
  });

  it.each([
    ['eth0', `for n in $(seq 0 23); do echo 0 > /sys/class/net/eth0/queues/rx-\${n}/rps_cpus; done`],
    ['a b', `for n in $(seq 0 23); do echo 0 > '/sys/class/net/a b/queues/rx-'"\${n}"'/rps_cpus'; done`],
  ])('folds the queues of %s into a loop', (name, expected) => {
    const file = (queue: number) => queueFile(name, `rx-${queue}`, 'rps_cpus');
    expect(compact(range(24).map((queue) => write('0', file(queue))))).toEqual([expected]);
  });

  it('does the same as the commands, for any names and numbers', () => {
    const named = fc.oneof(
      names,
      fc.constantFrom(...HOSTILE),
      fc.stringMatching(/^[a#$'"\\{} 0-9-]{1,15}$/).filter((text) => text !== ''),
    );
    const number = fc.oneof(fc.nat({ max: 30 }).map(String), fc.stringMatching(/^[0-9]{1,4}$/));
    const shape = fc.record({ name: named, count: fc.integer({ min: 1, max: 12 }) });
    const row = fc.tuple(fc.nat({ max: 2 }), fc.array(number, { minLength: 12, maxLength: 12 }));
    const many = fc
      .tuple(fc.array(shape, { minLength: 3, maxLength: 3 }), fc.array(row, { minLength: 20, maxLength: 40 }))
      .map(([shapes, rows]) =>
        rows.flatMap(([which, numbers], at) =>
          shapes.slice(which, which + 1).map(({ name, count }) => {
            const inside = numbers.slice(1, count).map((each) => `${name}${each}`);
            return `printf '%s\\0' ${numbers[0]} ${word([`${name}-${at}`, ...inside].join('/'))}`;
          }),
        ),
      );
    fc.assert(
      fc.property(many, (commands) => {
        const folded = compact(commands);
        expect(folded.length).toBeLessThan(commands.length);
        expect(printed(folded)).toEqual(printed(commands));
      }),
      { numRuns: 100, seed: 7 },
    );
    expect(existsSync(join(folder, 'PWNED'))).toBe(false);
  });
});

/** Wrong in as many ways as a NIC can be, so that many rules give commands. */
function wrong(name: string): Host {
  const eth0 = nic({ name, queues: 4, irqCpus: range(4).map(() => 0), rps: [0, 1], threadedNapi: true });
  const single = nic({ name: `${name}1`.slice(-15), queues: 1 });
  const rss = eth0.rss && { ...eth0.rss, indirection: range(128).map((at) => at % 2), isDefault: false };
  return host({
    cpus: 4,
    nics: [{ ...eth0, rss }, single],
    groups: [group({ protocol: 'udp', workers: pinned(0, 1, 2, 3) })],
  });
}

describe.each(HOSTILE)('an interface called %s', (name) => {
  const view = viewOf(wrong(name));
  const options = {
    ifaces: [name],
    ports: [8080],
    protocol: 'udp',
    only: [],
    cpus: null,
    irqCpus: null,
    avoidCpus: [],
    smt: 'one',
    program: null,
  } as const;
  const plan = planTuning(view, options);
  const commands = [
    ...diagnose(view).flatMap(({ fix }) => fix),
    ...plan.changes.map(({ command }) => command),
  ];

  it('is named in commands that the shell accepts', () => {
    expect(commands.filter((command) => command.includes('/sys/class/net/')).length).toBeGreaterThan(3);
    for (const command of [...commands, ...commands.map((each) => inNetns(each, { asked: name, pid: null }))])
      expect(sh('-n', '-c', command)).toMatchObject({ status: 0, stderr: '' });
    expect(sh('-n', '-c', toScript(plan, { before: [], after: [] }, 'x'))).toMatchObject({ status: 0 });
  });

  it('makes none of them do anything else', () => {
    // Those of the machine itself (/proc/irq, irqbalance) are not run, here least of all.
    for (const command of commands)
      if (!/\/proc\/irq|irqbalance|taskset/.test(command)) {
        sh('-c', command);
        sh('-c', inNetns(command, { asked: name, pid: null }));
      }
    expect(existsSync(join(folder, 'PWNED'))).toBe(false);
  });
});

describe('a command for another network namespace', () => {
  const web = { asked: 'web', pid: null };
  it.each([
    [
      'echo 1 > /sys/class/net/eth0/queues/tx-0/xps_cpus',
      web,
      "ip netns exec web sh -c 'echo 1 > /sys/class/net/eth0/queues/tx-0/xps_cpus'",
    ],
    ['locality-tune attach --port 443', web, 'locality-tune attach --port 443 --netns web'],
    [
      'ethtool -L eth0 combined 4',
      { asked: '812', pid: 812 },
      "nsenter -t 812 -n unshare -m sh -c 'mount -t sysfs sysfs /sys && ethtool -L eth0 combined 4'",
    ],
    ['taskset -cp 1 812', web, 'taskset -cp 1 812'],
    ['echo 1 > /proc/irq/7/smp_affinity_list', web, 'echo 1 > /proc/irq/7/smp_affinity_list'],
    ['ethtool -L eth0 combined 4', null, 'ethtool -L eth0 combined 4'],
    // A container keeps its name, and has another process after a restart.
    ['locality-tune plan', { asked: 'shop', pid: 812 }, 'locality-tune plan --netns shop'],
    [
      'ethtool -n eth0',
      { asked: 'shop', pid: 812 },
      "nsenter -t 812 -n unshare -m sh -c 'mount -t sysfs sysfs /sys && ethtool -n eth0'",
    ],
  ])('%s in %s', (command, netns, expected) => {
    expect(inNetns(command, netns)).toBe(expected);
  });
});

describe('a sentence for another network namespace', () => {
  const web = { asked: 'web', pid: null };
  it.each([
    ['see `locality-tune inspect`', 'see `locality-tune inspect --netns web`'],
    [
      '`locality-tune undo` restores it, `locality-tune status` shows drift',
      '`locality-tune undo --netns web` restores it, `locality-tune status --netns web` shows drift',
    ],
    [
      'choose it; `locality-tune inspect --port 80` lists it',
      'choose it; `locality-tune inspect --netns web --port 80` lists it',
    ],
    [
      'make it with: locality-tune live --record FILE, or: locality-tune measure skb -j > FILE',
      'make it with: locality-tune live --netns web --record FILE, or: locality-tune measure skb -j > FILE',
    ],
    ['`locality-tune measure udp`', '`locality-tune measure udp --netns web`'],
  ])('%s', (sentence, expected) => {
    expect(mentionNetns(sentence, web)).toBe(expected);
    expect(mentionNetns(sentence, null)).toBe(sentence);
  });

  it.each([
    '`locality-tune plan --port 80 --netns web` shows how',
    '`locality-tune findings RULE` explains it; see locality-tune programs',
    'see locality-tune attach --help',
    '`locality-tune apply --persist` at boot',
    'the service locality-tune-watch, started by /usr/bin/locality-tune watch',
  ])('that stays as it is: %s', (sentence) => {
    expect(mentionNetns(sentence, web)).toBe(sentence);
  });

  it('is found wherever a document has one; records and commands stay as they are', () => {
    const run = () => 7;
    const said = (undo: string) => ({
      notes: [`run \`${undo}\``],
      skipped: [{ why: `run ${undo} again`, change: { kind: 'xps', command: 'locality-tune undo' } }],
      tuned: { undone: { notes: [`see ${undo}`] } },
      by: { command: 'locality-tune undo' },
      choices: [{ run }],
      before: null,
    });
    expect(mentionInDocument(said('locality-tune undo'), web)).toEqual(
      said('locality-tune undo --netns web'),
    );
    expect(mentionInDocument(said('locality-tune undo'), null)).toEqual(said('locality-tune undo'));
  });

  it('names any namespace once, as one word of a shell, and adds nothing else', () => {
    const prose = fc.string({ unit: fc.constantFrom('a', ' ', ';', ',', '.', '$', '&', 'é') });
    const asked = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(prose, asked, prose, (before, asked, after) => {
        const added = ` ${option('netns', asked)}`;
        const entered = mentionNetns(`${before} \`locality-tune undo\` ${after}`, { asked, pid: null });
        expect(entered).toBe(`${before} \`locality-tune undo${added}\` ${after}`);
        expect(mentionNetns(entered, web)).toBe(entered);
      }),
      { seed: 11 },
    );
  });
});

it('the source has no command with an interface that is no word of the shell', () => {
  const files = ['src', 'tui'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' }).flatMap((name) =>
      /\.tsx?$/.test(name) ? [join(root, name)] : [],
    ),
  );
  const bare = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/locality-tune [^`\n]*--iface \$\{(?!word\().*/g)].map(
      ([line]) => `${file}: ${line}`,
    ),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(bare).toEqual([]);
});
