/**
 * `xdp spread` whose processes are killed while they load and attach, on a veth in a network namespace of its own. It
 * loads few programs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { childOf, end, ended } from './children.ts';
import { useVethPair } from './veth-pair.ts';

const { inside, words, run, json, state } = useVethPair('lt-kill');
const SPREAD = 'xdp spread --iface v0 --mode generic --port 4000 --by flow --cpus 0-1 --yes -j';

/** A command that has begun, and the process that loads and attaches for it. */
async function begin(args = SPREAD) {
  const env = { ...process.env, LOCALITY_TUNE_STATE: state() };
  const command = spawn('ip', words(args), { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [output, exit] = [command.stdout.toArray(), once(command, 'exit')];
  const pid = command.pid ?? 0;
  return {
    pid,
    child: await childOf(pid),
    /** What it printed, and its exit status; null: killed. */
    result: async () => {
      const [code] = await exit;
      const text = Buffer.concat(await output).toString();
      return { code, document: text === '' ? null : JSON.parse(text) };
    },
  };
}

const attached = () => / prog\/xdp id \d+/.test(inside('ip -d link show v0'));
const verdict = () => json('status').verdict;

it('a spread whose process to attach is killed before it begins says so, and nothing is changed', async () => {
  const { child, result } = await begin();
  end(child);
  const { code, document } = await result();
  expect([code, document.error.code]).toEqual([1, 'killed']);
  expect(document.error.message).toMatch(/ended by SIGKILL.*everything is as before/);
  expect([attached(), verdict()]).toEqual([false, 'nothing']);
});

it('without its parent that process does not attach, so undo has the last word', async () => {
  const { pid, child, result } = await begin();
  process.kill(child, 'SIGSTOP');
  end(pid);
  expect(await result()).toEqual({ code: null, document: null });
  expect(run('undo --yes').code).toBe(0);
  process.kill(child, 'SIGCONT');
  await ended(child);
  expect([attached(), verdict()]).toEqual([false, 'nothing']);
});

it('killed at any moment, there is a whole spread or none, and the command knows which', async () => {
  const whole = await begin();
  const start = performance.now();
  await ended(whole.child);
  const lifetime = performance.now() - start;
  expect((await whole.result()).document.changed).toBe(true);
  expect(attached()).toBe(true);
  for (const [killed, moment] of [
    ['child', 0.7],
    ['pid', 0.7],
    ['child', 0.95],
    ['pid', 0.95],
  ] as const) {
    if (attached()) run('xdp detach --iface v0 --yes');
    const { result, ...pids } = await begin();
    await sleep(moment * lifetime);
    end(pids[killed]);
    const { code, document } = await result();
    if (code === null) {
      // At once: its process may still be there.
      expect(run('undo --yes').code).toBe(0);
      await ended(pids.child);
      expect([moment, killed, attached()]).toEqual([moment, killed, false]);
    } else {
      const found = [document.error?.code ?? 'done', attached()];
      expect([moment, killed, ...found]).toEqual([
        moment,
        killed,
        ...(code === 0 ? ['done', true] : ['killed', false]),
      ]);
    }
  }
  if (attached()) run('xdp detach --iface v0 --yes');
  expect([attached(), verdict()]).toEqual([false, 'nothing']);
});

it('a detach whose process is killed changes nothing, and the next one undoes every spread in turn', async () => {
  for (const by of ['flow', 'round'])
    expect(json(`xdp spread --iface v0 --mode generic --port 4000 --by ${by} --cpus 0-1 --yes`).changed).toBe(
      true,
    );
  const { child, result } = await begin('xdp detach --iface v0 --yes -j');
  end(child);
  const { code, document } = await result();
  expect([code, document.error.code, verdict()]).toEqual([1, 'killed', 'as-set']);
  expect(json('xdp detach --iface v0 --yes').journals).toHaveLength(2);
  expect([attached(), verdict()]).toEqual([false, 'nothing']);
});
