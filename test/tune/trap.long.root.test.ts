/** apply and undo of a program, on a group whose descriptors are traps: they end, and leave no lock behind. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { ENTRY } from '../integration/cli.ts';
import { setTrap, stuck, type Trap } from '../system/trap.ts';

/** Far longer than any of it takes, and far shorter than forever. */
const PATIENCE_MS = 60_000;
const ROUNDS = 4;
/** As an answer of a trap says it; everything else would be another failure. */
const TRAPPED = ['not-a-socket', 'descriptor-silent', 'no-such-fd', 'program-unknown'];

const state = mkdtempSync(join(tmpdir(), 'lt-trapped-'));
let trap: Trap;
beforeAll(async () => {
  await assertBpfAnswers();
  trap = await setTrap();
});
afterAll(async () => {
  await trap?.end();
  rmSync(state, { recursive: true, force: true });
});

function tool(...args: string[]) {
  const env = { ...process.env, LOCALITY_TUNE_STATE: state };
  const ran = spawnSync(process.execPath, [ENTRY, ...args, '--yes', '--json'], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    env,
  });
  expect([ran.signal, ran.stderr]).toEqual([null, '']);
  expect(readdirSync(state)).not.toContain('lock');
  return { status: ran.status, ...JSON.parse(ran.stdout) };
}

it('is met by apply and undo, which end, say so, and are exact', () => {
  const before = stuck(['-e']);
  const plan = ['--port', String(trap.group), '--only', 'program', '--program', 'rand'];
  let undone = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const applied = tool('apply', ...plan);
    for (const { code } of applied.failed) expect(TRAPPED).toContain(code);
    expect(applied.done.length + applied.failed.length).toBe(1);
    expect(applied.status).toBe(applied.failed.length);
    for (let tries = 0; applied.journal !== null && tries < 10; tries++) {
      const { status, restored, skipped } = tool('undo');
      if (status !== 0) continue;
      expect({ restored, skipped }).toMatchObject({ restored: [{ kind: 'program' }], skipped: [] });
      undone++;
      break;
    }
  }
  expect(undone).toBeGreaterThan(0);
  expect(stuck(['-e'])).toBeGreaterThan(before);
}, 600_000);
