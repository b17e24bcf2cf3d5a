import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Applied, type ApplyOptions, applyPlan } from '../../src/tune/apply.ts';
import { listJournals, readJournal } from '../../src/tune/journal-file.ts';
import type { Access } from '../../src/tune/settings/setting.ts';
import { standingOf } from '../../src/tune/status.ts';
import type { Change, Target } from '../../src/tune/types.ts';
import { type Undone, undoOne } from '../../src/tune/undo.ts';
import { nic } from '../fixtures/hosts.ts';
import { change } from './lab.ts';
import { openTree, putNic, startIrqbalance, type Tree } from './tree.ts';

let tree: Tree;
beforeEach(() => {
  tree = openTree();
  putNic(tree, 4);
});
afterEach(() => tree.end());

const irq = (queue: number, to: string, more: object = {}): Change => {
  const target: Target = {
    kind: 'irq',
    nic: 'eth0',
    role: 'rxtx',
    queues: [queue],
    irq: 50 + queue,
    name: `eth0-TxRx-${queue}`,
  };
  return {
    ...change({ ...target, ...more }, to),
    subject: `irq ${50 + queue} (eth0-TxRx-${queue})`,
    from: '0-7',
  };
};
const xps = (queue: number, to: string) => change({ kind: 'xps', nic: 'eth0', queue, by: 'cpus' }, to);

function apply(
  access: Access,
  changes: readonly Change[],
  more: Partial<ApplyOptions> = {},
): Promise<Applied> {
  const options = {
    state: tree.state,
    netns: { inode: 1, cookie: '1' },
    by: { user: 'alice', command: 'locality-tune apply --port 80', version: '1' },
    signal: new AbortController().signal,
    ...more,
  };
  return applyPlan(access, { changes, refused: [], notes: [] }, options);
}

async function undo(access: Access, force = false): Promise<Undone> {
  const [newest] = listJournals(tree.state);
  if (newest === undefined) throw new Error('no journal');
  return undoOne(access, newest, { force, ask: async () => false });
}

const affinities = () => [0, 1, 2, 3].map((queue) => tree.text(`/proc/irq/${50 + queue}/smp_affinity_list`));

describe('IRQs', () => {
  it('are moved, pending until they are delivered there, and restored', async () => {
    const access = tree.access();
    const { done, failed } = await apply(access, [irq(0, '0'), irq(1, '1'), irq(2, '0-7')]);
    expect(failed).toEqual([]);
    expect(done.map(({ subject, state, from, to }) => [subject, state, from, to])).toEqual([
      ['irq 50 (eth0-TxRx-0)', 'set', '0-7', '0'],
      ['irq 51 (eth0-TxRx-1)', 'pending', '0-7', '1'],
      ['irq 52 (eth0-TxRx-2)', 'already', '0-7', '0-7'],
    ]);
    expect(affinities()).toEqual(['0', '1', '0-7', '0-7']);
    const standing = () => standingOf(access, listJournals(tree.state).map(readJournal));
    expect(await standing()).toMatchObject({
      drift: [],
      pending: ['irq 51 (eth0-TxRx-1)'],
      settings: [
        { subject: 'irq 50 (eth0-TxRx-0)', wanted: '0', is: '0', state: 'as-set', by: { user: 'alice' } },
        { subject: 'irq 51 (eth0-TxRx-1)', state: 'pending' },
      ],
    });
    tree.put('/proc/irq/51/effective_affinity_list', '1\n');
    expect((await standing()).pending).toEqual([]);
    const { restored } = await undo(access);
    expect(restored.map(({ target }) => target.kind === 'irq' && target.irq)).toEqual([51, 50]);
    expect(affinities()).toEqual(['0-7', '0-7', '0-7', '0-7']);
    expect(listJournals(tree.state)).toEqual([]);
  });

  it('of one direction becomes that of both if a change of channels has joined them', async () => {
    const access = { ...tree.access(), nic: async () => nic({ queues: 4, firstIrq: 50 }) };
    const { done, failed } = await apply(access, [
      irq(1, '1', { irq: 61, role: 'rx', name: 'eth0-rx-1' }),
      irq(1, '1', { irq: 62, role: 'tx', name: 'eth0-tx-1' }),
    ]);
    expect(failed).toEqual([]);
    expect(done.map(({ target, state }) => [target.kind === 'irq' && target.irq, state])).toEqual([
      [51, 'pending'],
      [51, 'already'],
    ]);
    expect((await undo(tree.access())).skipped).toEqual([]);
    expect(affinities()).toEqual(['0-7', '0-7', '0-7', '0-7']);
  });

  it('an IRQ number that now belongs to something else is not written to', async () => {
    tree.put('/proc/irq/70/nvme0q1/.keep', '');
    tree.put('/proc/irq/70/smp_affinity_list', '0-7\n');
    const { failed } = await apply(tree.access(), [irq(1, '1', { irq: 70 }), irq(3, '3')]);
    expect(failed.map(({ code }) => code)).toEqual(['gone']);
    expect(tree.text('/proc/irq/70/smp_affinity_list')).toBe('0-7');
    // The name alone proves nothing either: another port's queue may bear it.
    tree.put('/proc/irq/71/eth0-TxRx-1/.keep', '');
    tree.put('/proc/irq/71/smp_affinity_list', '0-7\n');
    expect((await apply(tree.access(), [irq(1, '1', { irq: 71 })])).failed).toHaveLength(1);
    expect(tree.text('/proc/irq/71/smp_affinity_list')).toBe('0-7');
  });
});

describe('IRQs of an interface that is down', () => {
  it('wait in the journal until it is up', async () => {
    const access = tree.access();
    await apply(access, [irq(1, '1'), xps(1, '2')]);
    const name = join(tree.root, 'proc/irq/51/eth0-TxRx-1');
    tree.put('/sys/class/net/eth0/flags', '0x1002\n');
    rmSync(name, { recursive: true });
    const why = expect.stringContaining('eth0 is down, so it has no interrupts');
    expect(await undo(tree.access())).toMatchObject({
      restored: [{ kind: 'xps' }],
      skipped: [{ why, settled: false }],
    });
    tree.put('/sys/class/net/eth0/flags', '0x1003\n');
    tree.put('/proc/irq/51/eth0-TxRx-1/.keep', '');
    expect(await undo(tree.access())).toMatchObject({ restored: [{ kind: 'irq' }], skipped: [] });
    expect(affinities()).toEqual(['0-7', '0-7', '0-7', '0-7']);
  });
});

describe('a write that fails', () => {
  const { EIO, EPERM, EINVAL, ENOSPC, EOVERFLOW } = constants.errno;
  it.each([
    [EIO, 'irq 51 (eth0-TxRx-1): set to 1: EIO, the kernel manages the affinity of this IRQ itself'],
    [
      EPERM,
      'irq 51 (eth0-TxRx-1): set to 1: EPERM, the kernel manages the affinity of this IRQ itself, or CAP_SYS_ADMIN is missing',
    ],
    [EINVAL, 'irq 51 (eth0-TxRx-1): set to 1: EINVAL, none of these CPUs is online'],
    [ENOSPC, 'irq 51 (eth0-TxRx-1): set to 1: ENOSPC, no interrupt vector is free on these CPUs'],
    [EOVERFLOW, 'irq 51 (eth0-TxRx-1): set to 1: EOVERFLOW, it names more CPUs than this kernel can have'],
  ])('with errno %i is one clear line, and the rest is carried on', async (errno, message) => {
    const access = tree.access((path) => (path.includes('/51/') ? -errno : 0));
    const { done, failed, journal } = await apply(access, [irq(0, '0'), irq(1, '1'), xps(1, '2')]);
    expect(failed.map((each) => each.message)).toEqual([message]);
    expect(done.map(({ kind, state }) => [kind, state])).toEqual([
      ['irq', 'set'],
      ['xps', 'set'],
    ]);
    const { restored, skipped } = await undo(access);
    expect([journal, restored.length, skipped]).toEqual(['1', 2, []]);
    expect(affinities()).toEqual(['0-7', '0-7', '0-7', '0-7']);
    expect(tree.text('/sys/class/net/eth0/queues/tx-1/xps_cpus')).toBe('00');
  });

  it('is noticed if the kernel accepts it and does nothing', async () => {
    const { failed, journal } = await apply(
      tree.access(() => null),
      [irq(1, '1')],
    );
    expect(failed).toMatchObject([{ code: 'ignored', message: expect.stringContaining('set 0-7 instead') }]);
    expect(journal).toBeNull();
  });
});

describe('an interruption', () => {
  it('finishes the current write, restores everything, and leaves no journal in force', async () => {
    const abort = new AbortController();
    const onProgress = (done: number) => done === 2 && abort.abort();
    const { done, takenBack } = await apply(tree.access(), [irq(0, '0'), irq(1, '1'), irq(2, '2')], {
      signal: abort.signal,
      onProgress,
    });
    expect([done.length, takenBack]).toEqual([2, []]);
    expect(affinities()).toEqual(['0-7', '0-7', '0-7', '0-7']);
    expect(listJournals(tree.state)).toEqual([]);
  });
});

describe('an undo that is interrupted', () => {
  it('ends after the current setting, says what is left, and the next undo continues', async () => {
    const access = tree.access();
    await apply(access, [irq(0, '0'), irq(1, '1'), irq(2, '2')]);
    const [file] = listJournals(tree.state);
    if (file === undefined) throw new Error('no journal');
    const abort = new AbortController();
    const breaking = tree.access((path) => {
      if (path.includes('/51/')) abort.abort();
      return 0;
    });
    const options = { force: false, ask: async () => false, signal: abort.signal };
    const { restored, skipped } = await undoOne(breaking, file, options);
    expect(restored.map(({ to }) => to)).toEqual(['2', '1']);
    expect(skipped).toMatchObject([{ change: { to: '0' }, settled: false }]);
    expect(affinities()).toEqual(['0', '0-7', '0-7', '0-7']);
    expect(await undo(access)).toMatchObject({ restored: [{ to: '0' }], skipped: [] });
    expect(listJournals(tree.state)).toEqual([]);
  });
});

describe('what somebody else has changed', () => {
  it('is drift, and irqbalance is suspected where it runs', async () => {
    const access = tree.access();
    await apply(access, [irq(0, '0'), irq(1, '1')]);
    const drift = async () => (await standingOf(access, listJournals(tree.state).map(readJournal))).drift;
    expect(await drift()).toEqual([]);
    tree.put('/proc/irq/51/smp_affinity_list', '5\n');
    tree.put('/run/irqbalance/irqbalance1.sock', '');
    expect(await drift()).toEqual([
      { subject: 'irq 51 (eth0-TxRx-1)', wanted: '1', is: '5', likely: expect.stringMatching(/^irqbalance/) },
    ]);
    expect(await undo(access)).toMatchObject({
      restored: [{ subject: 'irq 50 (eth0-TxRx-0)' }],
      skipped: [{ why: expect.stringContaining('it is 5 now, not 1'), settled: false }],
    });
    expect(await undo(access, true)).toMatchObject({
      restored: [{ subject: 'irq 51 (eth0-TxRx-1)' }],
      skipped: [],
    });
  });

  it('an IRQ that was set twice has its last value, whatever its number was', async () => {
    await apply(tree.access(), [irq(1, '1')]);
    const moved = { irq: 90, name: 'eth0-TxRx-1' };
    rmSync(join(tree.root, 'proc/irq/51'), { recursive: true });
    tree.put('/proc/irq/90/eth0-TxRx-1/.keep', '');
    tree.put('/proc/irq/90/smp_affinity_list', '1\n');
    tree.put('/sys/class/net/eth0/device/msi_irqs/90', 'msix\n');
    rmSync(join(tree.root, 'sys/class/net/eth0/device/msi_irqs/51'));
    const again = { ...irq(1, '3', moved), subject: 'irq 90 (eth0-TxRx-1)', from: '1' };
    expect((await apply(tree.access(), [again])).failed).toEqual([]);
    expect((await standingOf(tree.access(), listJournals(tree.state).map(readJournal))).drift).toEqual([]);
  });

  it('an interface that is gone cannot be restored, and its journal is not kept', async () => {
    await apply(tree.access(), [xps(1, '2')]);
    rmSync(join(tree.root, 'sys/class/net/eth0'), { recursive: true });
    expect(await undo(tree.access())).toMatchObject({ restored: [], skipped: [{ settled: true }] });
    expect(listJournals(tree.state)).toEqual([]);
  });
});

describe('irqbalance', () => {
  it('bans these IRQs besides those that it banned before, and gets its old list back', async () => {
    const daemon = await startIrqbalance(tree);
    const access = tree.access();
    const ban = change({ kind: 'irqbalance', irqs: [51, 50] }, '50 51');
    expect(await apply(access, [ban])).toMatchObject({
      done: [{ from: '28', to: '28 50 51', state: 'set' }],
      failed: [],
    });
    expect(daemon.banned()).toEqual([28, 50, 51]);
    expect(await apply(access, [ban])).toMatchObject({ journal: null, done: [{ state: 'already' }] });
    await undo(access);
    expect(daemon.banned()).toEqual([28]);
    daemon.stop();
  });

  it('that would cut a long list keeps its old one', async () => {
    const daemon = await startIrqbalance(tree, 20);
    const irqs = Array.from({ length: 20 }, (_, index) => 100 + index);
    const { failed, journal } = await apply(tree.access(), [
      change({ kind: 'irqbalance', irqs }, irqs.join(' ')),
    ]);
    expect(failed).toMatchObject([
      { code: 'irqbalance-cut', message: expect.stringContaining('IRQBALANCE_ARGS') },
    ]);
    expect([journal, daemon.banned()]).toEqual([null, [28]]);
    daemon.stop();
  });
});
