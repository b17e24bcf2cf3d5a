/** Threaded NAPI of a real veth: its threads are pinned, and get their CPUs back. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Nic } from '../../src/host/types.ts';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
beforeAll(() => {
  lab = openLab('napi');
  // GRO is what gives a veth its NAPI instances; the threads of v1 are not those of v0.
  lab.sh('for if in v0 v1; do ethtool -K $if gro on; echo 1 > /sys/class/net/$if/threaded; done');
});
afterAll(() => lab?.end());

const nicOf = (): Nic =>
  JSON.parse(lab.tune(['inspect', '--iface', 'v0', '--no-slots', '-j']).stdout).nics[0];
/** As the kernel prints it, by thread. */
const affinities = (pids: readonly number[]) =>
  pids.map((pid) => /^Cpus_allowed:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

describe('a veth with threaded NAPI', () => {
  it('shows its threads with their queues, and none of another interface', () => {
    const { threadedNapi, napiThreads } = nicOf();
    expect(threadedNapi).toBe(true);
    expect(napiThreads?.map(({ comm, rx }) => [comm?.replace(/\d+$/, ''), ...rx])).toEqual(
      [0, 1, 2, 3].map((queue) => ['napi/v0-', queue]),
    );
    const text = lab.tune(['inspect', '--iface', 'v0', '--no-slots']).stdout;
    expect(text).toMatch(/^napi\/v0-\d+ \d+ +v0 rx-0 +/m);
  });

  it('has them pinned by apply, and restored by undo, to the same affinity', () => {
    const pids = (nicOf().napiThreads ?? []).map(({ pid }) => pid);
    const before = affinities(pids);
    const settings = lab.settings();
    const applied = lab.tune(['apply', '--iface', 'v0', '--only', 'napi', '--yes', '-j']);
    expect([applied.code, applied.stderr]).toEqual([0, '']);
    const { changed, done, failed } = JSON.parse(applied.stdout);
    expect([changed, failed]).toEqual([true, []]);
    expect(done.map(({ kind, state }: { kind: string; state: string }) => `${kind} ${state}`)).toEqual(
      pids.map(() => 'napi set'),
    );
    for (const mask of affinities(pids)) expect(Math.log2(Number.parseInt(mask ?? '', 16)) % 1).toBe(0);
    expect(nicOf().napiThreads?.map(({ cpus }) => cpus?.length)).toEqual([1, 1, 1, 1]);
    expect(
      JSON.parse(lab.tune(['apply', '--iface', 'v0', '--only', 'napi', '--yes', '-j']).stdout).changed,
    ).toBe(false);

    expect(lab.tune(['undo', '--yes']).code).toBe(0);
    expect(affinities(pids)).toEqual(before);
    expect(lab.settings()).toBe(settings);
  });

  it('that has come up with other threads is told from one that was changed by hand', () => {
    expect(lab.tune(['apply', '--iface', 'v0', '--only', 'napi', '--yes']).code).toBe(0);
    const former = (nicOf().napiThreads ?? []).map(({ pid }) => pid);
    lab.sh('ip link set v0 down; ip link set v0 up; echo 1 > /sys/class/net/v0/threaded');
    const now = (nicOf().napiThreads ?? []).map(({ pid }) => pid);
    expect(now.some((pid) => former.includes(pid))).toBe(false);
    const status = lab.tune(['status', '-j']);
    expect(status.code).toBe(1);
    const { drift } = JSON.parse(status.stdout);
    expect(drift[0].likely).toContain('starts other NAPI threads');
    const before = affinities(now);
    lab.tune(['undo', '--yes']);
    expect(affinities(now)).toEqual(before);
    expect(readdirSync('/proc').includes(String(now[0]))).toBe(true);
  });
});
