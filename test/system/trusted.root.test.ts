import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openControls } from '../../src/system/controls.ts';
import { readTrusted } from '../../src/system/trusted.ts';

const NOBODY = 65_534;
const folder = mkdtempSync(join(tmpdir(), 'lt-owner-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a file of another user is not used by root, nor one in a folder of another user', () => {
  const file = join(folder, 'plan.json');
  writeFileSync(file, 'text');
  chownSync(file, NOBODY, NOBODY);
  expect(() => readTrusted(file, 1024)).toThrow(`${file} belongs to uid ${NOBODY}, so it is not used`);
  const below = join(folder, 'of-nobody');
  mkdirSync(below);
  writeFileSync(join(below, 'plan.json'), 'text');
  expect(readTrusted(join(below, 'plan.json'), 1024)).toBe('text');
  lchownSync(below, NOBODY, NOBODY);
  expect(() => readTrusted(join(below, 'plan.json'), 1024)).toThrow(`${below} belongs to uid ${NOBODY}`);
});

it('a setting is written to sysfs and procfs alone, whatever is mounted or linked on the way', () => {
  const { write } = openControls();
  const file = join(folder, 'rps_cpus');
  writeFileSync(file, '');
  expect(() => write(file, '1')).toThrow(expect.objectContaining({ code: 'not-a-setting' }));
  const script = `
    mount --bind '${file}' /proc/sys/net/core/rps_sock_flow_entries
    exec '${process.execPath}' -e "
      import('${join(import.meta.dirname, '../../src/system/controls.ts')}').then(({ openControls }) => {
        openControls().write('/proc/sys/net/core/rps_sock_flow_entries', '0');
      }).catch(({ code }) => console.log(code))"`;
  const { stdout } = spawnSync('unshare', ['--mount', 'sh', '-c', script], { encoding: 'utf8' });
  expect(stdout).toBe('not-a-setting\n');
});
