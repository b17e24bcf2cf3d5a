/** What the live view may see of a running experiment. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forgetRunning, noteRunning, readRunning } from '../../src/prove/running.ts';
import { openFiles } from '../../src/system/files.ts';

const files = openFiles('/');
const running = {
  group: 'tcp 0.0.0.0:8080',
  change: 'cpu',
  rounds: 12,
  of: 40,
  blocks: 3,
  ofBlocks: 10,
  secondsLeft: 196,
  spread: 0.07,
};

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'lt-running-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

it('is there while it runs, and not afterwards', () => {
  expect(readRunning(state, files)).toBeNull();
  noteRunning(state, files, running);
  noteRunning(state, files, { ...running, rounds: 13 });
  expect(readRunning(state, files)).toEqual({ ...running, rounds: 13 });
  forgetRunning(state);
  expect(readRunning(state, files)).toBeNull();
  expect(readdirSync(state)).toEqual([]);
});

it('is not there if its process was killed, or the file is something else', () => {
  noteRunning(state, files, running);
  const file = join(state, 'experiment.json');
  const noted = JSON.parse(readFileSync(file, 'utf8'));
  const { pid } = spawnSync('true');
  for (const other of [{ ...noted, pid }, { ...noted, startTime: '1' }, { ...noted, spread: 'wide' }, []]) {
    writeFileSync(file, JSON.stringify(other));
    expect(readRunning(state, files)).toBeNull();
  }
  writeFileSync(file, '{');
  expect(readRunning(state, files)).toBeNull();
});

it('does not stop the experiment if it cannot be written', () => {
  writeFileSync(join(state, 'file'), '');
  expect(() => noteRunning(join(state, 'file', 'state'), files, running)).not.toThrow();
});
