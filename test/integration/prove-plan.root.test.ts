/** `prove --change plan` in a network namespace of its own: pins, XPS and a program, back to the byte whatever ends it. */
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Proved } from '../../src/use-cases/prove.ts';
import { assertBpfAnswers } from './bpf.ts';
import { openPlanLab, type PlanLab } from './plan-lab.ts';
import { until } from './servers.ts';

let bench: PlanLab;
beforeAll(async () => {
  await assertBpfAnswers();
  bench = await openPlanLab('prove', 28_483);
});
afterAll(() => bench?.end());

it('is restored to the byte if it is killed between two settings', async () => {
  const { lab, prove, settings, journals } = bench;
  const before = settings();
  // After the intents of its changes and the first of them.
  const killed = lab.tune(prove, { LOCALITY_TUNE_DEBUG_KILL_AFTER: '10' });
  expect(killed.signal ?? killed.code).toBe('SIGKILL');
  await until(() => journals().join() === '1.undone.jsonl', 'the end of its journal');
  expect(settings()).toBe(before);
});

it('is restored after Ctrl-C in a round with the plan, and says so', async () => {
  const { lab, prove, settings, selection, journals } = bench;
  const before = settings();
  const proving = lab.start([...prove, '--seed', '2']);
  let output = '';
  proving.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(proving, 'exit');
  await until(() => settings() !== before, 'a round with the plan', 60);
  // `ip netns exec` has become the program itself.
  proving.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect(settings()).toBe(before);
  const proved = JSON.parse(output) as Proved;
  expect(proved).toMatchObject({ verdict: 'stopped', change: 'plan' });
  expect([...new Set(proved.changes?.map(({ kind }) => kind))]).toEqual(['xps', 'pin', 'program']);
  expect(journals()).toEqual(['1.undone.jsonl', '2.undone.jsonl']);
  expect(selection()).toBe('hash');
});
