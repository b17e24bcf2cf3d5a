// warm-up.mjs [BUNDLE]: runs the built program to fill its code cache. It reads this machine, and a reuseport group of its own.

import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { load, save } from './code-cache.mjs';

const listening = (port) =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', port, reusePort: true }, () => resolve(server));
  });

const [bundle = join(import.meta.dirname, '../dist/src/cli/main.js')] = process.argv.slice(2);
const first = await listening(0);
const second = await listening(first.address().port);
const { script, exports } = load(bundle, createRequire(bundle));
process.exitCode = await exports.main(['inspect', '--no-slots', '--json']);
for (const server of [first, second]) server.close();
if (process.exitCode === 0) save(bundle, script);
