/** What the pages of docs/tasks show as printed, of machines that are in the repository. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { run } from '../run.ts';
import { blockOf } from './pages.ts';

const TREES = join(import.meta.dirname, '../../fixtures/trees');
const folder = mkdtempSync(join(tmpdir(), 'lt-printed-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function printed(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

it('of an instance of AWS', async () => {
  expect(await printed('inspect', '--root', join(TREES, 'ena-arm'))).toContain(
    blockOf('docs/tasks/cloud.md', 'Queues'),
  );
});

it('of a snapshot of a copied tree', async () => {
  const file = join(folder, 'snapshot.json');
  await printed('snapshot', '--root', join(TREES, 'mlx5-bond'), '-o', file);
  const block = blockOf('docs/tasks/other-machines.md', 'No reuseport group');
  expect((await printed('inspect', '--from', file)).slice(0, block.length)).toBe(block);
});

it('of a program', async () => {
  const text = await printed('programs', 'rand', '--group-size', '4');
  expect(text).toBe(`${blockOf('docs/tasks/telemetry.md', '; rand:')}\n`);
});
