/** The addon, compiled with AddressSanitizer and UndefinedBehaviorSanitizer, under odd arguments. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/system/package.ts';

/** Rejects, with what it printed, if it fails. */
const run = promisify(execFile);

const CALLS = 3_600;
const COMPILED_MS = 300_000;
const folder = mkdtempSync(join(tmpdir(), 'lt-asan-'));
const addon = join(folder, 'addon.node');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const native = join(packageRoot, 'native');
  const sources = readdirSync(native)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(native, name));
  // Node's headers take two seconds in each file that the compiler reads. netlink.cc has a type with the name of another's.
  const apart = join(native, 'netlink.cc');
  const together = join(folder, 'together.cc');
  const others = sources.filter((path) => path !== apart);
  writeFileSync(together, others.map((path) => `#include "${path}"\n`).join(''));
  const includes = [
    `node_modules/node-linux-${process.arch}/include/node`,
    'node_modules/node-addon-api',
  ].map((path) => `-I${join(packageRoot, path)}`);
  const defines = ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'BUILDING_NODE_EXTENSION'];
  const args = [
    ...['-std=c++17', '-O0', '-g1', '-fPIC', '-shared', '-fno-omit-frame-pointer'],
    ...['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
    ...defines.map((name) => `-D${name}`),
    ...includes,
    `-I${native}`,
    together,
    apart,
    '-o',
    addon,
  ];
  execFileSync('g++', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}, COMPILED_MS);

it('survives 2 x 3,600 malformed calls, and leaks no descriptor', async () => {
  const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  const script = join(import.meta.dirname, 'addon-fuzz.cjs');
  // Node itself never frees all that it has. Calls that the kernel does not answer wait at the same time.
  const env = {
    LD_PRELOAD: library,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
    UV_THREADPOOL_SIZE: '8',
  };
  const seeds = ['1', '2'];
  const runs = seeds.map((seed) => run(process.execPath, [script, addon, seed, String(CALLS)], { env }));
  for (const { stdout, stderr } of await Promise.all(runs)) {
    expect(stderr).toBe('');
    const { missing, refused, left } = JSON.parse(stdout);
    expect([missing, left]).toEqual([[], 0]);
    expect(refused).toBeGreaterThan(CALLS / 3);
  }
});
