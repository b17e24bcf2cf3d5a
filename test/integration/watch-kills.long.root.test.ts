/** A watcher that is killed at ten random moments of its repairs loses no journal, and leaves nothing half done. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { cli, cliJson } from './cli.ts';
import { openVethMachine, type VethMachine } from './veth-machine.ts';

const FILES = ['tx-0/xps_cpus', 'tx-1/xps_cpus', 'rx-0/rps_cpus', 'rx-1/rps_cpus'].map(
  (file) => `/sys/class/net/v0/queues/${file}`,
);
const KILLS = 10;

let machine: VethMachine;
afterEach(() => machine?.close());

const values = () => machine.inside(`cat ${FILES.join(' ')}`);
const drift = () => machine.inside(FILES.map((file) => `echo 1 > ${file}`).join('; '));

/** Every journal can be read to its end. */
function wholeJournals(): number {
  const folder = join(machine.state, 'journals');
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  for (const name of names) {
    // Its room on the disk is made of empty lines.
    const lines = readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object');
  }
  return names.length;
}

it('is killed ten times, and the next one repairs what is left', async () => {
  machine = openVethMachine('kills');
  // Everything but XPS is what nobody has applied: its first repair begins a journal of its own.
  machine.inside(`echo 2 > ${FILES[2]}; echo 3 > ${FILES[3]}`);
  const first = values();
  await cliJson('apply', '--netns', machine.netns, '--iface', 'v0', '--only', 'xps', '--yes');
  const applied = values();
  expect(applied).not.toBe(first);
  const snapshot = join(machine.state, 'snapshot.json');
  expect((await cli('snapshot', '--netns', machine.netns, '--no-slots', '-o', snapshot)).code).toBe(0);
  const watch = () => machine.watch('--baseline', snapshot, '--repair', 'all');

  const moments = fc.sample(fc.integer({ min: 0, max: 900 }), { seed: 1, numRuns: KILLS });
  let journals = wholeJournals();
  for (const ms of moments) {
    const live = await watch();
    drift();
    await sleep(ms);
    process.kill(live.pid, 'SIGKILL');
    await live.interrupt().catch(() => {});
    const now = wholeJournals();
    expect(now).toBeGreaterThanOrEqual(journals);
    journals = now;
    // Each is the value of the baseline or the one that was written to it, nothing else.
    for (const [at, value] of values().trim().split('\n').entries())
      expect([applied.trim().split('\n')[at], '1']).toContain(value.replace(/^[0,]*(?=.)/, ''));
  }
  drift();
  const live = await watch();
  await expect.poll(values, { timeout: 60_000, interval: 500 }).toBe(applied);
  await live.interrupt();
  const undone = await cli('undo', '--netns', machine.netns, '--all', '--yes');
  expect(undone.code).toBe(0);
  // What was there before the first change of each setting: the drift, where a repair was the first.
  expect(values().split('\n').slice(0, 2)).toEqual(first.split('\n').slice(0, 2));
  const standing = await cli('status', '--netns', machine.netns, '--quiet');
  expect([standing.code, wholeJournals()]).toEqual([3, journals]);
}, 400_000);
