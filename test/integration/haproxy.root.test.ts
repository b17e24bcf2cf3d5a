import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Attached, Detached } from '../../src/steer/attach.ts';
import { assertBpfAnswers } from './bpf.ts';
import { cliJson } from './cli.ts';
import { matchedFrom } from './requests.ts';
import { type RunningServer, startHaproxy } from './servers.ts';

const PORT = 28_081;
const CPUS = [0, 1];

/** One process, several threads, each with its own epoll set and listener: another kind of server than nginx. */
describe('HAProxy with a listener for each thread', () => {
  let haproxy: RunningServer;
  let group: Group;

  beforeAll(async () => {
    await assertBpfAnswers();
    haproxy = await startHaproxy(PORT, 2);
    const { groups } = await cliJson<{ groups: Group[] }>('inspect', '--port', String(PORT));
    const [only] = groups;
    if (!only) throw new Error('no group');
    group = only;
  });
  afterAll(() => haproxy?.stop());

  it('finds the thread behind each slot, and its pin', () => {
    expect(group.size).toBe(2);
    expect(group.sockets.map(({ slot, slotSource }) => [slot, slotSource])).toEqual([
      [0, 'kernel'],
      [1, 'kernel'],
    ]);
    const tids = group.sockets.map(({ owners }) => owners.map(({ tid }) => tid));
    expect(tids.map((each) => each.length)).toEqual([1, 1]);
    expect(new Set(tids.flat()).size).toBe(2);
    expect(group.sockets.flatMap(({ owners }) => owners.map(({ pid }) => pid))).toEqual([
      haproxy.pid,
      haproxy.pid,
    ]);
    expect(group.sockets.flatMap(({ cpus }) => cpus).sort()).toEqual(CPUS);
  });

  it('brings every connection to the thread on its CPU', async () => {
    // `cpu-map auto:1/1-2 0-1` pins the first thread to CPU 0; the sample `thread` counts from 0.
    const threadOn = (cpu: number) => String(cpu);
    const before = await matchedFrom(CPUS, PORT, 1_000, threadOn);
    expect(Math.abs(before.matched / before.total - 0.5)).toBeLessThan(0.045);
    expect(
      await cliJson<Attached>('attach', '--yes', '--port', String(PORT), '--program', 'map'),
    ).toMatchObject({
      changed: true,
    });
    expect(await matchedFrom(CPUS, PORT, 1_000, threadOn)).toEqual({ total: 2_000, matched: 2_000 });
    expect(await cliJson<Detached>('detach', '--yes', '--port', String(PORT))).toMatchObject({
      detached: true,
    });
  });
});
