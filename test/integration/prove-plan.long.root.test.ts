/** `prove --change plan`, killed at random moments and cut off from its terminal: every setting as it was before. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomFrom } from '../../src/cbpf/random.ts';
import { openScreen } from '../tui/pty.ts';
import { assertBpfAnswers } from './bpf.ts';
import { openPlanLab, type PlanLab } from './plan-lab.ts';
import { until } from './servers.ts';

const KILLS = 10;
/** The first two rounds, of which one has the plan: both of its changes are among these seconds. */
const SECONDS = 65;

let bench: PlanLab;
beforeAll(async () => {
  await assertBpfAnswers();
  bench = await openPlanLab('prove-kills', 28_487);
});
afterAll(() => bench?.end());

const isRunning = () => existsSync(join(bench.lab.state, 'experiment.json'));

it(
  'is restored to the byte after SIGKILL at ten random moments',
  async () => {
    const { lab, prove, settings, selection, journals } = bench;
    const before = settings();
    const random = randomFrom(20);
    let inForce = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const seconds = (SECONDS * random()) / 2 ** 32;
      const proving = lab.start([...prove, '--seed', `${kill}`]);
      const ended = once(proving, 'exit');
      await until(isRunning, 'the first round', 60);
      await sleep(1000 * seconds);
      if (settings() !== before) inForce++;
      proving.kill('SIGKILL');
      expect((await ended)[1]).toBe('SIGKILL');
      // The child that puts everything back removes the note of the experiment at its end.
      await until(() => !isRunning(), `an end after ${seconds.toFixed(1)} s`, 60);
      expect({ seconds, settings: settings() }).toEqual({ seconds, settings: before });
      expect(journals().filter((name) => !name.includes('undone'))).toEqual([]);
    }
    // Otherwise there was nothing to restore.
    expect(inForce).toBeGreaterThan(0);
    expect(selection()).toBe('hash');
  },
  KILLS * 180_000,
);

it('is restored if its terminal is closed in a round with the plan', async () => {
  const { lab, prove, settings, selection } = bench;
  const before = settings();
  const [file, ...words] = lab.words([...prove, '--seed', '2']);
  const screen = openScreen(file, words, { env: { LOCALITY_TUNE_STATE: lab.state } });
  await until(() => settings() !== before, 'a round with the plan', 60);
  screen.hangUp();
  expect(await screen.ended).toMatchObject({ code: 129 });
  expect(settings()).toBe(before);
  expect(selection()).toBe('hash');
}, 180_000);
