/** `watch` of a spread that somebody takes off. It attaches twice, because each time loads two programs. */
import { writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import type { Change } from '../../src/tune/types.ts';
import type { WatchEvent } from '../../src/watch/types.ts';
import { formatSpread } from '../../src/xdp/spread.ts';
import { type Live, startLive } from '../integration/live.ts';
import { nextEvent } from '../integration/veth-machine.ts';
import { change } from '../tune/lab.ts';
import { SPREAD } from './situations.ts';
import { useVethPair } from './veth-pair.ts';

const NAME = 'lt-xdp-repair';
const NETNS = `${NAME}-${process.pid}`;
const { inside, run, json, state, statusOf, arrived, send } = useVethPair(NAME);
/** As ip names it; the name of the namespace is there, too. */
const hasProgram = () => inside('ip -d link show v0').includes('prog/xdp');
const RPS = '/sys/class/net/v0/queues/rx-0/rps_cpus';

let watching: Live | null = null;
afterEach(async () => {
  await watching?.interrupt();
  watching = null;
  run('xdp detach --iface v0 --yes');
  delete process.env['LOCALITY_TUNE_STATE'];
});

function watch(kinds: string): Live {
  process.env['LOCALITY_TUNE_STATE'] = state();
  watching = startLive(['watch', '--netns', NETNS, '--iface', 'v0', '--repair', kinds, '-j']);
  return watching;
}

it('is not attached by a watcher or a saved plan where it would lose every packet', async () => {
  // Both ends are here, and the other one leaves its checksums to the hardware.
  inside('ip link add w0 type veth peer name w1; ip link set w0 up; ip link set w1 up');
  const saved = `${state()}/saved.json`;
  const save = (...changes: readonly Change[]) =>
    writeFileSync(saved, JSON.stringify({ schema: 'locality-tune.saved/1', changes }));
  const spread = change({ kind: 'xdp', nic: 'w0' }, formatSpread(SPREAD));
  save(spread);
  const why = 'TX checksum offload of w1, the other end of w0, is on: every packet would be dropped';
  const applied = json(`apply --saved ${saved} --yes`);
  expect(applied).toMatchObject({ journal: null, done: [], failed: [{ code: 'peer-checksums' }] });
  expect(applied.failed[0].message).toContain(why);

  process.env['LOCALITY_TUNE_STATE'] = state();
  // Another setting is repaired beside it.
  save(spread, change({ kind: 'rps', nic: 'w0', queue: 0 }, '3'));
  const baseline = ['--baseline', saved, '--iface', 'w0', '--repair', 'rps,xdp'];
  watching = startLive(['watch', '--netns', NETNS, ...baseline, '-j']);
  const events = [await watching.document<WatchEvent>(), await watching.document<WatchEvent>()];
  expect(Object.fromEntries(events.map(({ kind, action }) => [kind, action]))).toEqual({
    rps: 'repaired',
    xdp: 'failed',
  });
  expect(events.find(({ kind }) => kind === 'xdp')?.why).toContain(why);
  expect(inside('cat /sys/class/net/w0/queues/rx-0/rps_cpus').trim()).toBe('3');
  expect(inside('ip -d link show w0')).not.toContain('prog/xdp');
});

it('is reported with its command by --repair all, and attached again by --repair xdp', async () => {
  inside(`echo 1 > ${RPS}`);
  const before = [inside(`cat ${RPS}`), hasProgram()];
  json('xdp spread --iface v0 --mode generic --port 4000 --by flow --cpus 0-1 --yes');
  const { program, cpus, by, mode } = statusOf();

  expect(hasProgram()).toBe(true);
  const looking = watch('all');
  expect(await looking.document()).toMatchObject({ watching: 2 });
  inside('ip link set v0 xdpgeneric off');
  const seen = await nextEvent(looking, ({ kind }) => kind === 'xdp');
  expect(seen).toMatchObject({ subject: 'v0 XDP program', to: 'none', action: 'none' });
  expect(seen.why).toContain('to set it again: locality-tune xdp spread ');
  await looking.interrupt();
  expect(hasProgram()).toBe(false);

  // Its first look repairs, before it says that it watches.
  const repairing = watch('xdp');
  expect(await nextEvent(repairing, ({ action }) => action === 'repaired')).toMatchObject({
    kind: 'xdp',
    subject: 'v0 XDP program',
  });
  const now = statusOf();
  expect(now).toMatchObject({ cpus, by, mode, warnings: [] });
  expect([now.program.name, now.program.tag, now.program.ours]).toEqual([program.name, program.tag, true]);
  send(320, 64);
  expect(arrived(320)).toMatchObject({ arrived: 320, lost: 0 });
  const { code } = await repairing.interrupt();
  watching = null;
  expect(code).toBe(0);

  expect(run('undo --all --yes').code).toBe(0);
  expect([inside(`cat ${RPS}`), hasProgram()]).toEqual(before);
});
