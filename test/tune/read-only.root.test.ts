/** File systems that become read-only while something is applied, as ext4 does after an error, and those that always are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyPlan } from '../../src/tune/apply.ts';
import { takeLock } from '../../src/tune/lock.ts';
import { ENTRY } from '../integration/cli.ts';
import { change } from './lab.ts';
import { openTree, putNic, type Tree } from './tree.ts';

const freeze = (folder: string) =>
  execFileSync('sh', ['-ec', 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"', 'sh', folder]);

const BY = {
  netns: { inode: 1, cookie: '1' },
  by: { user: 'alice', command: 'locality-tune apply', version: '1' },
  signal: new AbortController().signal,
};

describe('a folder of journals that becomes read-only during an apply', () => {
  let tree: Tree;
  let thaw: () => void;
  beforeEach(() => {
    tree = openTree();
    putNic(tree, 1);
    // The lock names its holder by when it started; field 22.
    const { pid } = process;
    tree.put(`/proc/${pid}/task/${pid}/stat`, `${pid} (node) S ${'0 '.repeat(18)}77 0\n`);
    thaw = () => {};
  });
  afterEach(() => {
    thaw();
    tree.end();
  });

  function apply(to: string) {
    const target = { kind: 'xps', nic: 'eth0', queue: 0, by: 'cpus' } as const;
    return applyPlan(
      tree.access(),
      { changes: [change(target, to)], refused: [], notes: [] },
      {
        state: tree.state,
        ...BY,
        onProgress: () => {
          freeze(tree.state);
          thaw = () => {
            execFileSync('umount', [tree.state]);
            thaw = () => {};
          };
        },
      },
    );
  }

  it('keeps the result, and says what is left, where nothing was changed', async () => {
    const { journal, done, notes } = await apply('00');
    expect({ journal, done }).toMatchObject({ journal: null, done: [{ state: 'already' }] });
    expect(notes).toEqual([
      `nothing was changed, but the empty journal ${tree.state}/journals/1.jsonl could not be deleted (EROFS): \`locality-tune undo\` removes it once its folder is writable`,
    ]);
  });

  it('keeps the result where something was changed, and is no lock for the same process', async () => {
    const { journal, notes } = await apply('1');
    expect({ journal, notes }).toEqual({ journal: '1', notes: [] });
    const { files } = tree.access();
    const again = takeLock(tree.state, files);
    expect(() => takeLock(tree.state, files)).toThrow('is changing settings');
    again();
    thaw();
    takeLock(tree.state, files)();
    expect(readdirSync(tree.state)).toEqual(['journals']);
  });
});

it('a file system that was read-only from the start keeps everything from being changed, and is named', async () => {
  const tree = openTree();
  putNic(tree, 1);
  mkdirSync(tree.state);
  freeze(tree.state);
  try {
    const target = { kind: 'xps', nic: 'eth0', queue: 0, by: 'cpus' } as const;
    const plan = { changes: [change(target, '1')], refused: [], notes: [] };
    const options = { state: join(tree.state, 'locality-tune'), ...BY };
    await expect(applyPlan(tree.access(), plan, options)).rejects.toMatchObject({
      code: 'journal',
      message: `the journal ${options.state}/journals/1.jsonl cannot be used (EROFS)`,
      hint: 'its file system is read-only: without a journal nothing is changed',
    });
    expect(tree.text('/sys/class/net/eth0/queues/tx-0/xps_cpus')).toBe('00');
  } finally {
    execFileSync('umount', [tree.state]);
    tree.end();
  }
});

describe('units on a file system that is read-only', () => {
  const PORT = 1;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lt-frozen-'));
    mkdirSync(join(folder, 'units/web.service.d'), { recursive: true });
    writeFileSync(join(folder, `units/web.service.d/locality-tune-tcp-${PORT}.conf`), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['watch --install --yes', 'write', 'locality-tune-watch.service'],
    ['watch --uninstall --yes', 'remove', 'locality-tune-watch.service'],
    [`detach --port ${PORT} --persist --yes`, 'remove', `web.service.d/locality-tune-tcp-${PORT}.conf`],
  ])('are named, with what to do: %s', (words, act, name) => {
    const units = join(folder, 'units');
    if (act === 'remove') writeFileSync(join(units, 'locality-tune-watch.service'), '');
    const script = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"';
    const run = (args: string) =>
      spawnSync('unshare', ['-m', 'sh', '-ec', script, units, process.execPath, ENTRY, ...args.split(' ')], {
        encoding: 'utf8',
        env: { ...process.env, LOCALITY_TUNE_UNITS: units, LOCALITY_TUNE_STATE: join(folder, 'state') },
      });
    // One document.
    const { error } = JSON.parse(run(`${words} -j`).stdout);
    expect(error).toMatchObject({ code: 'EROFS', message: expect.stringContaining(join(units, name)) });
    const { status, stderr } = run(words);
    expect(stderr).toContain(`cannot ${act} ${join(units, name)} (EROFS)`);
    expect(stderr).toContain('its file system is read-only');
    expect(status).toBe(1);
  });
});
