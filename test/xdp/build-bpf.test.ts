/** What clang makes of bpf/ is what is committed, up to the version of clang. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image } from '../../src/xdp/image.ts';

const root = join(import.meta.dirname, '../..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'));
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/build-bpf.mjs'), folder], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the C code', () => {
  it('compiles to the maps and references that are committed', async () => {
    const files = readdirSync(join(root, 'src/xdp/programs'));
    expect(readdirSync(folder).sort()).toEqual(files.sort());
    for (const file of files) {
      const [built, committed] = (await Promise.all(
        [folder, join(root, 'src/xdp/programs')].map((each) => import(join(each, file))),
      )) as { image: Image }[];
      expect(built?.image.maps).toEqual(committed?.image.maps);
      // Another clang may choose other instructions; programs.root.test.ts runs what is committed.
      const used = ({ programs = [] }: Partial<Image> = {}) =>
        programs.map(({ section, references }) => [
          section,
          [...new Set(references.map(([, map]) => map))].sort(),
        ]);
      expect(used(built?.image)).toEqual(used(committed?.image));
    }
  });
});
