/** A program on nginx's group, with connections that come in through all queues of a NIC. */
import { expect, inject, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Attached, Detached } from '../../src/steer/attach.ts';
import { useGuest } from './machine/lab.ts';
import { countAccepts } from './measure.ts';
import { startNginx, underLoad } from './nginx.ts';

const PORT = 8080;
const { cpus } = inject('lab').hardware;
const guest = useGuest(async (each) => {
  await startNginx(each, PORT, cpus);
});

/** Emulated, a probe takes its time to start. */
const json = async <T>(command: string): Promise<T> =>
  JSON.parse(await guest().run(`locality-tune ${command} -j`, 800));

async function theGroup(): Promise<Group> {
  const { groups } = await json<{ groups: readonly Group[] }>(`inspect --port ${PORT}`);
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  return group;
}

const matched = () => countAccepts(guest(), PORT, 1_000);

/** Four standard errors of one in N. */
const nearOneInN = ({ accepts, share }: { accepts: number; share: number }) => {
  const chance = 1 / cpus;
  expect(Math.abs(share - chance)).toBeLessThan(4 * Math.sqrt((chance * (1 - chance)) / accepts));
};

it('knows the slots, workers and pins of a group as large as the machine', async () => {
  const group = await theGroup();
  expect(group).toMatchObject({ size: cpus, selection: 'hash', program: null });
  expect(group.sockets.map(({ slot, slotSource }) => [slot, slotSource])).toEqual(
    Array.from({ length: cpus }, (_, slot) => [slot, 'kernel']),
  );
  const pins = group.sockets.map((socket) => socket.cpus);
  expect(pins.every((pin) => pin.length === 1)).toBe(true);
  expect(pins.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: cpus }, (_, cpu) => cpu));
  expect(new Set(group.sockets.flatMap(({ owners }) => owners.map(({ pid }) => pid))).size).toBe(cpus);
});

it('takes connections from one in N on their CPU to all of them, and back', () =>
  underLoad(guest(), PORT, async () => {
    nearOneInN(await matched());
    expect(await json<Attached>(`attach --yes --port ${PORT}`)).toMatchObject({
      groupSize: cpus,
      changed: true,
    });
    expect(await theGroup()).toMatchObject({ selection: 'cbpf', program: { kind: 'cbpf', name: 'cpu' } });
    expect((await matched()).share).toBe(1);
    expect(await json<Detached>(`detach --yes --port ${PORT}`)).toMatchObject({ detached: true });
    expect(await theGroup()).toMatchObject({ selection: 'hash', program: null });
    nearOneInN(await matched());
  }));
