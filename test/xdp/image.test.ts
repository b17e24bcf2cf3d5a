import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programOf, tagsOf, withMaps } from '../../src/xdp/image.ts';
import { imageOf, nameOf, recogniseTag } from '../../src/xdp/ours.ts';
import { WAYS } from '../../src/xdp/spread.ts';

const root = join(import.meta.dirname, '../..');

describe('the images', () => {
  it('have programs that are told apart by their tags', () => {
    for (const way of WAYS) {
      const tags = tagsOf(programOf(imageOf({ command: 'spread', way }), 'xdp'));
      expect(tags).toHaveLength(2);
      for (const tag of tags) expect(recogniseTag(tag)).toEqual({ command: 'spread', way });
    }
    expect(recogniseTag('0000000000000000')).toBeNull();
  });

  it('refer only to maps that they have, by loads of 64 bits', () => {
    for (const way of WAYS) {
      const { maps, programs } = imageOf({ command: 'spread', way });
      for (const program of programs) {
        const bytes = withMaps(
          program,
          maps.map((_, index) => 100 + index),
        );
        for (const [instruction, map] of program.references) {
          expect(maps[map]).toBeDefined();
          expect(bytes[8 * instruction]).toBe(0x18);
          expect((bytes[8 * instruction + 1] ?? 0) >> 4).toBe(1);
          expect(bytes[8 * instruction + 4]).toBe(100 + map);
        }
      }
    }
  });

  it('have names that the kernel takes', () => {
    for (const way of WAYS) expect(nameOf({ command: 'spread', way })).toMatch(/^[\w.]{1,15}$/);
  });

  it('are there for each C file, and for nothing else', () => {
    const names = (folder: string, ending: string) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith(ending))
        .map((name) => name.slice(0, -ending.length));
    expect(names('src/xdp/programs', '.ts')).toEqual(names('bpf', '.bpf.c'));
  });
});
