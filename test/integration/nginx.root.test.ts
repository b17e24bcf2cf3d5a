import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Group } from '../../src/host/types.ts';
import type { Expected } from '../../src/path/types.ts';
import type { Attached, Detached } from '../../src/steer/attach.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cli, cliJson } from './cli.ts';
import { matchedFrom } from './requests.ts';
import { type Nginx, startNginx } from './servers.ts';

const PORT = 28_080;
const CPUS = [0, 1];

interface Inspected {
  readonly groups: readonly Group[];
  readonly expected: readonly Expected[];
  readonly findings: readonly Finding[];
}

const inspect = () => cliJson<Inspected>('inspect', '--port', String(PORT));

async function theGroup(): Promise<Group> {
  const { groups } = await inspect();
  expect(groups.map(({ id }) => id)).toEqual([`tcp 127.0.0.1:${PORT}`]);
  const [group] = groups;
  if (!group) throw new Error('no group');
  return group;
}

/** The CPU that nginx pinned each worker to, by `worker_cpu_affinity auto`: worker i on CPU i mod the CPUs. */
const pinsOf = (group: Group) => group.sockets.map(({ cpus }) => cpus);
const servedBy = (group: Group) => group.sockets.map(({ owners }) => owners.map(({ pid }) => pid));
const slotsOf = (group: Group) => group.sockets.map(({ slot, slotSource }) => `${slot} ${slotSource}`);
const kernelSlots = (count: number) => Array.from({ length: count }, (_, slot) => `${slot} kernel`);

describe('nginx with one reuseport socket for each worker', () => {
  let nginx: Nginx;
  let group: Group;

  beforeAll(async () => {
    await assertBpfAnswers();
    nginx = await startNginx(PORT, 2);
    group = await theGroup();
  });
  afterAll(() => nginx?.stop());

  it('finds slots, the one worker that really serves each, and its pin', () => {
    expect(group.size).toBe(2);
    expect(slotsOf(group)).toEqual(kernelSlots(2));
    expect(servedBy(group).flat().sort()).toEqual(nginx.workers().sort());
    expect(servedBy(group).map((pids) => pids.length)).toEqual([1, 1]);
    expect(pinsOf(group).flat().sort()).toEqual(CPUS);
    expect(group.selection).toBe('hash');
    expect(group.program).toBeNull();
    for (const { owners, holders } of group.sockets) {
      expect(owners[0]?.via).toBe('epoll');
      expect(owners[0]?.tid).toBe(owners[0]?.pid);
      // The master and every worker hold every socket.
      expect(new Set(holders.map(({ pid }) => pid))).toEqual(new Set([nginx.pid, ...nginx.workers()]));
    }
  });

  it('serves one new connection in N on its own CPU, and all of them once attached', async () => {
    const workerOn = (cpu: number) =>
      group.sockets.find(({ cpus }) => cpus.length === 1 && cpus[0] === cpu)?.owners[0]?.pid.toString();
    const before = await matchedFrom(CPUS, PORT, 1_000, workerOn);
    expect(before.total).toBe(2_000);
    // Four standard errors of a fair coin over 2,000 throws: 0.5 ± 0.045.
    expect(Math.abs(before.matched / before.total - 0.5)).toBeLessThan(0.045);

    const [member] = group.sockets[0]?.holders ?? [];
    const selector = ['--pid', String(member?.pid), '--fd', String(member?.fd)];
    const dry = await cliJson<Attached>('attach', ...selector, '--dry-run');
    expect(dry).toMatchObject({ attached: false, changed: false, program: { asm: 'ld cpu\nmod #2\nret a' } });
    expect((await theGroup()).program).toBeNull();

    const attached = await cliJson<Attached>('attach', '--yes', ...selector);
    expect(attached).toMatchObject({
      schema: 'locality-tune.attach/1',
      groupSize: 2,
      attached: true,
      changed: true,
    });
    expect(attached.program.instructions).toEqual([
      [0x20, 0, 0, 0xfffff024],
      [0x94, 0, 0, 2],
      [0x16, 0, 0, 0],
    ]);
    expect(await theGroup()).toMatchObject({ selection: 'cbpf', program: { kind: 'cbpf', name: 'cpu' } });

    const aligned = group.sockets.every(({ slot, cpus }) => cpus[0] === slot);
    const after = await matchedFrom(CPUS, PORT, 1_000, workerOn);
    expect(after).toEqual({ total: 2_000, matched: aligned ? 2_000 : 0 });

    const again = await cliJson<Attached>('attach', ...selector);
    expect(again).toMatchObject({ attached: true, changed: false });
  });

  it('follows the workers with `map`, whatever the slots are', async () => {
    const attached = await cliJson<Attached>('attach', '--yes', '--port', String(PORT), '--program', 'map');
    expect(attached).toMatchObject({ changed: true, previous: { name: 'cpu' } });
    const now = await theGroup();
    expect(now.program?.name).toBe('map');
    const workerOn = (cpu: number) =>
      now.sockets.find(({ cpus }) => cpus[0] === cpu)?.owners[0]?.pid.toString();
    expect(await matchedFrom(CPUS, PORT, 500, workerOn)).toEqual({ total: 1_000, matched: 1_000 });
    await cliJson<Attached>('attach', '--yes', '--port', String(PORT), '--program', 'cpu');
  });

  it('keeps sockets, slots and program over a reload with as many workers', async () => {
    const inodes = (await theGroup()).sockets.map(({ inode }) => inode);
    await nginx.reload(2);
    const reloaded = await theGroup();
    expect(reloaded.sockets.map(({ inode }) => inode)).toEqual(inodes);
    expect(slotsOf(reloaded)).toEqual(kernelSlots(2));
    expect(servedBy(reloaded).flat().sort()).toEqual(nginx.workers().sort());
    expect(reloaded.program?.name).toBe('cpu');
  });

  it('says that new workers starve when a reload adds some under the old program', async () => {
    const inodes = (await theGroup()).sockets.map(({ inode }) => inode);
    await nginx.reload(4);
    const { groups, findings } = await inspect();
    const [grown] = groups;
    if (!grown) throw new Error('no group');
    expect(grown.size).toBe(4);
    expect(grown.sockets.slice(0, 2).map(({ inode }) => inode)).toEqual(inodes);
    expect(slotsOf(grown)).toEqual(kernelSlots(4));
    expect(servedBy(grown).flat().sort()).toEqual(nginx.workers().sort());
    expect(pinsOf(grown).flat().sort()).toEqual([0, 0, 1, 1]);
    const starving = findings.filter(
      ({ severity, subject }) => severity === 'error' && subject.includes(String(PORT)),
    );
    expect(starving).toHaveLength(1);
    // Four workers on two CPUs: any program by CPU starves two of them, so the hash is recommended.
    expect(starving[0]?.fix).toEqual([`locality-tune detach --port ${PORT} --yes`]);
    const attached = await cliJson<Attached>('attach', '--yes', '--port', String(PORT));
    expect(attached).toMatchObject({ groupSize: 4, changed: true });
    const still = (await inspect()).findings.find(({ rule }) => rule === starving[0]?.rule);
    expect(still?.message).toContain('the machine has only CPUs 0-1');
  });

  it('finds the slots right again after a reload with fewer workers', async () => {
    await nginx.reload(2);
    const shrunk = await theGroup();
    expect(shrunk.size).toBe(2);
    expect(slotsOf(shrunk)).toEqual(kernelSlots(2));
    expect(servedBy(shrunk).flat().sort()).toEqual(nginx.workers().sort());
    // The program of four slots is still there: an index of 2 or 3 is beyond the group.
    expect(shrunk.program?.asm).toBe('ld cpu\nmod #4\nret a');
  });

  it('detaches the program, once', async () => {
    const off = await cliJson<Detached>('detach', '--yes', '--port', String(PORT));
    expect(off).toMatchObject({
      schema: 'locality-tune.detach/1',
      group: `tcp 127.0.0.1:${PORT}`,
      detached: true,
    });
    expect((await theGroup()).selection).toBe('hash');
    expect(await cliJson<Detached>('detach', '--yes', '--port', String(PORT))).toMatchObject({
      detached: false,
    });
  });

  it('reads well as text', async () => {
    const { code, stdout, stderr } = await cli('inspect', '--port', String(PORT));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`tcp 127.0.0.1:${PORT}`);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
