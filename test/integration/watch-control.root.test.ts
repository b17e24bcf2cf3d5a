/** Who may speak to a running watcher, what it makes of nonsense, and whose plans it takes. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askControl } from '../../src/system/control-socket.ts';
import { runningWatchers } from '../../src/watch/scope.ts';
import type { WatcherState } from '../../src/watch/service.ts';
import { cli } from './cli.ts';
import type { Live } from './live.ts';
import { until } from './servers.ts';
import { nextEvent, openVethMachine, type VethMachine } from './veth-machine.ts';

const RPS = '/sys/class/net/v0/queues/rx-0/rps_cpus';

let machine: VethMachine;
let live: Live;
let path = '';

beforeAll(async () => {
  machine = openVethMachine('control');
  live = await machine.watch('--baseline', 'now', '--repair', 'rps');
  path = (await runningWatchers()).answering.find(({ pid }) => pid === live.pid)?.path ?? '';
  expect(path).not.toBe('');
});
afterAll(async () => {
  await live?.interrupt();
  machine?.close();
});

const state = async () => (await askControl(path, { ask: 'state' })) as WatcherState;
const write = (value: string) => machine.inside(`echo ${value} > ${RPS}; sleep 0.3`);
const isRps = ({ kind }: { readonly kind: string }) => kind === 'rps';

it('repairs nothing while it is paused, and everything once it is resumed', async () => {
  const before = machine.inside(`cat ${RPS}`);
  const [paused] = await Promise.all([cli('watch', '--pause', '10m', '--netns', machine.netns, '-j')]);
  expect(JSON.parse(paused.stdout)).toMatchObject({ pid: live.pid, summary: { paused: true } });
  write('1');
  expect(await nextEvent(live, isRps)).toMatchObject({ action: 'none', why: 'repairs are paused' });
  expect(machine.inside(`cat ${RPS}`)).not.toBe(before);
  expect((await cli('watch', '--resume', '--netns', machine.netns)).code).toBe(0);
  expect(await nextEvent(live, isRps)).toMatchObject({ action: 'repaired' });
  expect(machine.inside(`cat ${RPS}`)).toBe(before);
});

/** As nobody, without any capability. Prints how it ended. */
const AS_NOBODY = `
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("connected")
except OSError as error:
    print(error.errno)`;

it('is spoken to by root only', () => {
  const said = execFileSync('python3', ['-c', AS_NOBODY, path], { encoding: 'utf8' });
  expect(said).toBe('13\n');
});

/** Resolves when it has closed the connection, or has said nothing for a moment. */
const send = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    const done = () => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(300, done);
    socket.on('error', done);
    socket.on('close', done);
    socket.resume();
    socket.write(bytes);
  });
const answersAgain = async () => {
  try {
    return (await state()).pid === live.pid;
  } catch {
    return false;
  }
};

it('takes no harm from any bytes', async () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json({ maxDepth: 3 }).map((text) => Buffer.from(`${text}\n`)),
    fc
      .record({ ask: fc.constantFrom('pause', 'resume', 'check', '__proto__'), seconds: fc.anything() })
      .map((request) => Buffer.from(`${JSON.stringify({ ...request, ask: `${request.ask}!` })}\n`)),
    fc.constant(Buffer.alloc(1 << 17, 0x5b)),
  );
  const pid = live.pid;
  const inputs = fc.sample(line, { seed: 1, numRuns: 40 });
  for (const bytes of inputs) await send(bytes);
  // More at once than it serves.
  await Promise.all(inputs.slice(0, 30).map(send));
  await until(answersAgain, 'it has noticed that they are gone');
  await expect(askControl(path, { ask: 'pause', seconds: -1 })).rejects.toMatchObject({
    code: 'bad-request',
  });
  expect(await state()).toMatchObject({ pid, summary: { paused: false, drifted: [] } });
  write('1');
  expect(await nextEvent(live, isRps)).toMatchObject({ action: 'repaired' });
});

it('is not made like another machine', async () => {
  const plan = join(machine.state, 'plan.json');
  const words = ['--netns', machine.netns, '--iface', 'v0', '--only', 'xps', '--save', plan];
  expect((await cli('plan', ...words)).code).toBe(0);
  const watch = (...more: string[]) =>
    cli('watch', '--netns', machine.netns, '--iface', 'v0', '--baseline', plan, '--explain-sources', ...more);
  expect((await watch('--repair', 'xps')).code).toBe(0);
  const saved: { readonly machine: object } = JSON.parse(readFileSync(plan, 'utf8'));
  const elsewhere = { ...saved.machine, hostname: 'elsewhere', id: 'f'.repeat(32) };
  writeFileSync(plan, JSON.stringify({ ...saved, machine: elsewhere }));
  const refused = await watch('--repair', 'xps');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('is a plan for another machine: its host name is elsewhere, not ');
  // To compare with it changes nothing.
  expect((await watch()).code).toBe(0);
});
