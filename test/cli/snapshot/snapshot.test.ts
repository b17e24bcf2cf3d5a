import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../run.ts';

const trees = join(import.meta.dirname, '../../fixtures/trees');

let folder = '';
let file = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-'));
  file = join(folder, 'bnxt.json');
  const { status, stderr } = await run(['snapshot', '--root', join(trees, 'bnxt'), '-o', file]);
  expect([status, stderr]).toEqual([0, `${file}: 1 interface with 4 rx queues, 0 reuseport groups\n`]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = async (...args: string[]) => JSON.parse((await run([...args, '--json'])).stdout);

describe('snapshot', () => {
  it('gives the same inspect output as the machine', async () => {
    const { notes, ...live } = await json('inspect', '--root', join(trees, 'bnxt'));
    const read = await json('inspect', '--from', file);
    expect(read).toMatchObject(live);
    expect(read.notes.slice(1)).toEqual(notes);
    expect(read.notes[0]).toMatch(/^read from a snapshot of an unknown time, written by locality-tune \d/);
  });

  it('reads a pipe and a tar', async () => {
    const tar = join(folder, 'bnxt.tar.gz');
    execFileSync('tar', ['-czf', tar, '-C', trees, 'bnxt']);
    const { stdout } = await run(['snapshot', '--root', tar]);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    const entry = join(import.meta.dirname, '../../../src/cli/entry.ts');
    const piped = execFileSync(process.execPath, [entry, 'inspect', '--from', '-', '-j'], { input: stdout });
    expect(JSON.parse(piped.toString())).toEqual(await json('inspect', '--from', file));
  });

  it('of this machine counts twice and holds neither command lines nor environments', async () => {
    const secret = `hidden${process.pid}`;
    const server = "require('net').createServer().listen(0, '127.0.0.1', () => console.log('listening'))";
    const child = spawn(process.execPath, ['-e', server, secret], { env: { SECRET: secret } });
    await once(child.stdout, 'data');
    const { status, stdout } = await run(['snapshot', '--no-slots']);
    child.kill();
    expect(status).toBe(0);
    expect(stdout).toContain(`"pid":${child.pid},`);
    expect(stdout).not.toContain(secret);
    const { counters, time } = JSON.parse(stdout);
    expect(Date.parse(time)).toBeGreaterThan(0);
    const [first, second] = counters.readings.map(
      ({ interfaces }: { interfaces: { name: string; rx: number }[] }) =>
        interfaces.find(({ name }) => name === 'lo')?.rx,
    );
    expect(counters.seconds).toBeGreaterThanOrEqual(1);
    expect(second).toBeGreaterThanOrEqual(first);
  });

  it('shows only what was requested', async () => {
    const mlx5 = join(folder, 'mlx5.json');
    await run(['snapshot', '--root', join(trees, 'mlx5-bond'), '-o', mlx5]);
    const { nics } = await json('inspect', '--from', mlx5, '--iface', 'bond0');
    expect(nics.map(({ name }: { name: string }) => name)).toEqual(['ens1f0np0', 'ens1f1np1', 'bond0']);
    expect(await json('inspect', '--from', mlx5, '--iface', 'eth9')).toMatchObject({
      error: { code: 'no-such-interface', hint: expect.stringContaining('bond0') },
    });
  });

  it('refuses a tar of /proc itself, whose files are empty, and says how to copy', async () => {
    const tar = join(folder, 'empty.tar');
    // It complains that files of sysfs shrank.
    spawnSync('tar', ['-cf', tar, '-C', '/', 'proc/interrupts', 'sys/devices/system/cpu/online']);
    const { error } = await json('inspect', '--root', tar);
    expect(error).toMatchObject({ code: 'empty-tree', hint: expect.stringContaining('cp --parents') });
  });

  it('reads the tree of a container whose /proc/interrupts is empty', async () => {
    const tree = join(folder, 'container');
    for (const directory of ['irq/24/eth0-TxRx-0', 'irq/25/eth0-TxRx-1', 'net'])
      mkdirSync(join(tree, 'proc', directory), { recursive: true });
    writeFileSync(join(tree, 'proc/interrupts'), '');
    writeFileSync(join(tree, 'proc/irq/24/effective_affinity_list'), '3\n');
    const { nics, notes } = await json('inspect', '--root', tree);
    expect(nics).toMatchObject([{ name: 'eth0', rxQueues: [{ irq: 24, cpus: [3] }, { irq: 25 }] }]);
    expect(notes).toContain(
      '/proc/interrupts shows no interrupts here, so their names come from /proc/irq, and there are no counts',
    );
  });

  it('leaves a file alone without --force, follows a link with it, and leaves nothing else behind', async () => {
    const kept = join(folder, 'kept');
    writeFileSync(kept, 'kept');
    symlinkSync('kept', join(folder, 'link'));
    const args = ['snapshot', '--root', join(trees, 'bnxt'), '-o', join(folder, 'link')];
    expect(await run(args)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the file exists already'),
    });
    expect(readFileSync(kept, 'utf8')).toBe('kept');
    expect((await run([...args, '--force'])).status).toBe(0);
    expect(readFileSync(kept)).toEqual(readFileSync(file));
    expect((await run(['snapshot', '--no-slots', '-o', '/dev/null', '--force'])).status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([
    [['--from', '/nonexistent'], 1, '--from /nonexistent: no such file or directory (ENOENT)'],
    [
      ['--from', '/etc/passwd'],
      1,
      '--from /etc/passwd: the file is not JSON; make it with: locality-tune snapshot -o FILE',
    ],
    [['--from', '/dev/zero'], 1, '--from /dev/zero: larger than 256 MiB'],
    [['--from', 'x', '--root', 'y'], 2, '--root: cannot be combined with --from; omit one of them'],
    [['--from', 'x', '--sample', '1'], 2, '--sample: cannot be combined with --from'],
  ])('inspect %j fails with one line', async (args, status, line) => {
    const { stderr, ...ran } = await run(['inspect', ...args]);
    expect(ran).toEqual({ status, stdout: '' });
    expect(stderr).toContain(`locality-tune: ${line}`);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
