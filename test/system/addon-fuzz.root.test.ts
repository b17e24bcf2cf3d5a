/** The addon, compiled with AddressSanitizer and UndefinedBehaviorSanitizer, under odd arguments. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/system/package.ts';

const CALLS = 3_600;
const COMPILED_MS = 600_000;
const folder = mkdtempSync(join(tmpdir(), 'lt-asan-'));
const addon = join(folder, 'addon.node');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const native = join(packageRoot, 'native');
  const sources = readdirSync(native).filter((name) => name.endsWith('.cc'));
  const includes = [
    `node_modules/node-linux-${process.arch}/include/node`,
    'node_modules/node-addon-api',
  ].map((path) => `-I${join(packageRoot, path)}`);
  const defines = ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'BUILDING_NODE_EXTENSION'];
  const args = [
    ...['-std=c++17', '-O1', '-g', '-fPIC', '-shared', '-fno-omit-frame-pointer'],
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    ...defines.map((name) => `-D${name}`),
    ...includes,
    ...sources.map((name) => join(native, name)),
    '-o',
    addon,
  ];
  execFileSync('g++', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}, COMPILED_MS);

it.each([1, 2])('survives %i x 3,600 malformed calls, and leaks no descriptor', (seed) => {
  const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  const script = join(import.meta.dirname, 'addon-fuzz.cjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, addon, String(seed), String(CALLS)],
    {
      encoding: 'utf8',
      // Node itself never frees all that it has.
      env: { LD_PRELOAD: library, ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1' },
    },
  );
  expect({ status, stderr: stderr.slice(0, 4000) }).toEqual({ status: 0, stderr: '' });
  const { missing, refused, left } = JSON.parse(stdout);
  expect([missing, left]).toEqual([[], 0]);
  expect(refused).toBeGreaterThan(CALLS / 3);
});
