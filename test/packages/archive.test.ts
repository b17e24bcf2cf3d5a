/** The archive on a fresh Debian system without Node.js, installed and removed as docs/install.md says. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { commandsOf } from './page.ts';
import { ALL_FILES, copyInto, freshRoot, type Root } from './root.ts';

const TITLE = `locality-tune-${manifest.version}-linux-x64`;
const [install = '', uninstall = ''] = commandsOf('Any Linux: the archive');

let root: Root;
let before = '';
beforeAll(async () => {
  root = await freshRoot('trixie', 'xz-utils');
  await copyInto(root, join(inject('packages'), `${TITLE}.tar.xz`), `${TITLE}.tar.xz`);
  before = await root.run(ALL_FILES);
});
afterAll(() => root?.close());

it('is installed, runs on its own Node, and is removed without a trace', async () => {
  await root.run(install);
  expect(await root.run('command -v node || locality-tune --version')).toBe(`${manifest.version}\n`);
  expect(JSON.parse(await root.run('locality-tune inspect -j'))).toMatchObject({
    schema: 'locality-tune.inspect/1',
  });
  expect(await root.run('locality-tune demo')).toMatch(/accepted on its rxcpu .* 100\.0 %/);
  expect(await root.run('locality-tune doctor -j || [ $? = 1 ]')).toContain('"locality-tune.doctor/1"');
  await root.run(`mkdir -p /var/lib/locality-tune\n${uninstall}`);
  expect(await root.run(ALL_FILES)).toBe(before);
});

it('runs from any folder, with its manual and completion', async () => {
  await root.run(`tar -xJf ${TITLE}.tar.xz -C /home`);
  expect(await root.run(`cd /home; ${TITLE}/bin/locality-tune --version`)).toBe(`${manifest.version}\n`);
  const manual = `man -M /home/${TITLE}/share/man locality-tune`;
  expect(await root.run(manual)).toMatch(/^NAME\n +locality-tune - /m);
  const completion = `PATH=/home/${TITLE}/bin:$PATH; source <(locality-tune completion bash); complete -p locality-tune`;
  expect(await root.run(completion)).toContain('locality-tune');
});

it('serves metrics with a small heap', async () => {
  const scrape = `exec 3<>/dev/tcp/127.0.0.1/9884 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && grep -c ^locality_tune <&3`;
  const script = `/home/${TITLE}/bin/locality-tune export --no-slots & until (${scrape}) 2>/dev/null; do sleep 0.2; done
    tr '\\0' ' ' < /proc/$!/cmdline; kill $!; wait $! || true`;
  const [series = '', command = ''] = (await root.run(script)).split('\n');
  expect(Number(series)).toBeGreaterThan(10);
  expect(command).toMatch(/node --max-semi-space-size=1 --v8-pool-size=1 --expose-gc \S+entry\.js export/);
});
