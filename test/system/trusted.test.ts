import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTrusted } from '../../src/system/trusted.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lt-trusted-'));
  file = join(folder, 'plan.json');
  writeFileSync(file, 'text', { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (path = file) => readTrusted(path, 1024);

describe('a file that root acts upon', () => {
  it('is read where only its owner can change it, also through a link to its folder', () => {
    expect(read()).toBe('text');
    chmodSync(file, 0o644);
    symlinkSync(folder, join(folder, 'here'));
    expect(read(join(folder, 'here/plan.json'))).toBe('text');
  });

  it.each([0o620, 0o602, 0o666])('is not, with mode %o', (mode) => {
    chmodSync(file, mode);
    expect(read).toThrow(
      expect.objectContaining({
        code: 'not-trusted',
        message: `${file} can be written by others than its owner (mode 0${mode.toString(8)}), so it is not used`,
        hint: `check its content, then: chown root ${file}; chmod go-w ${file}`,
      }),
    );
  });

  it('is not, in a folder that others can change, however far above', () => {
    const below = join(folder, 'a/b');
    mkdirSync(below, { recursive: true });
    writeFileSync(join(below, 'plan.json'), 'text');
    expect(read(join(below, 'plan.json'))).toBe('text');
    chmodSync(join(folder, 'a'), 0o777);
    expect(() => read(join(below, 'plan.json'))).toThrow(`${join(folder, 'a')} can be written by others`);
  });

  it('is no link, no folder, and no pipe to wait for', () => {
    symlinkSync(file, join(folder, 'link'));
    expect(() => read(join(folder, 'link'))).toThrow('is a symbolic link, so it is not used');
    expect(() => read(folder)).toThrow('is no regular file');
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    expect(() => read(join(folder, 'pipe'))).toThrow('is no regular file');
    expect(() => read('/dev/zero')).toThrow('is no regular file');
    expect(() => read(join(folder, 'none'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  it('has a limit, whatever its size', () => {
    truncateSync(file, 2 ** 40);
    expect(read).toThrow(expect.objectContaining({ code: 'too-large' }));
  });
});
