/** Plans applied to a NIC with real queues and interrupts, and taken back to the byte. */
import { expect, inject, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Applied } from '../../src/tune/apply.ts';
import type { Undone } from '../../src/tune/undo.ts';
import { useGuest } from './machine/lab.ts';
import { startNginx, underLoad } from './nginx.ts';

const PORT = 8080;
const { cpus } = inject('lab').hardware;
const SELECT = `--iface eth0 --port ${PORT} --yes`;

/** Half of the queues, a table of somebody's own, and an RPS that nobody needs: a machine to be tuned. */
const SPOIL = `ethtool -L eth0 combined ${cpus / 2} && ethtool -X eth0 equal 1 && echo 1 > /sys/class/net/eth0/queues/rx-0/rps_cpus`;
/** Everything that a plan may touch, as the kernel prints it. */
const SETTINGS = `ethtool -l eth0; ethtool -x eth0 | head -n 40; cd /sys/class/net/eth0/queues; grep -r . . | grep -v byte_queue_limits | sort
for irq in $(ls /sys/class/net/eth0/device/msi_irqs); do echo $irq $(cat /proc/irq/$irq/smp_affinity_list); done
for pid in $(pgrep nginx); do taskset -pc $pid; done`;

const guest = useGuest(async (each) => {
  await startNginx(each, PORT, cpus);
  await each.run(SPOIL);
});

/** Emulated, a probe takes its time to start. */
const json = async <T>(command: string): Promise<T> =>
  JSON.parse(await guest().run(`locality-tune ${command} -j`, 800));
const settings = () => guest().run(SETTINGS);
const group = async () => (await json<{ groups: readonly Group[] }>(`inspect --port ${PORT}`)).groups[0];

it('applies a plan of channels, table, interrupts, XPS, RPS and program; undo brings every byte back', async () => {
  const before = await settings();
  const { done, failed, notes } = await json<Applied>(`apply ${SELECT}`);
  expect({ failed, notes }).toEqual({ failed: [], notes: [] });
  const kinds = new Set(done.filter(({ state }) => state !== 'already').map(({ kind }) => kind));
  expect([...kinds]).toEqual(expect.arrayContaining(['channels', 'rss', 'irq', 'xps', 'rps', 'program']));
  const queues = await guest().run('ls /sys/class/net/eth0/queues | grep -c rx');
  expect(Number(queues)).toBe(cpus);
  expect(await json(`status`)).toMatchObject({ drift: [] });

  const { skipped, notes: undoNotes } = await json<Undone>('undo --yes');
  expect({ skipped, undoNotes }).toEqual({ skipped: [], undoNotes: [] });
  expect(await settings()).toBe(before);
  expect((await group())?.selection).toBe('hash');
});

it('is restored to the byte if it was killed half way', async () => {
  const before = await settings();
  // Just after the write of the channels, in which the driver resets everything, and twice later.
  for (const writes of [2, 6, 17]) {
    await guest().run(
      `LOCALITY_TUNE_DEBUG_KILL_AFTER=${writes} locality-tune apply ${SELECT}; test $? = 137`,
    );
    expect(await settings()).not.toBe(before);
    expect(await json<Undone>('undo --yes')).toMatchObject({ skipped: [], notes: [] });
    expect({ writes, settings: await settings() }).toEqual({ writes, settings: before });
  }
});

it('tune takes connections from one in N on their CPU to all of them', () =>
  underLoad(guest(), PORT, async () => {
    const tuned = await json<{
      before: { accept: number };
      after: { accept: number };
      kept: boolean;
      why: string;
    }>(`tune ${SELECT} --seconds 25`);
    expect(tuned).toMatchObject({ kept: true, after: { accept: 100 } });
    expect(tuned.before.accept).toBeLessThan(60);
    expect(await json<Undone>('undo --yes')).toMatchObject({ skipped: [] });
  }));
