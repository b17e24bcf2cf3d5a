// warm-up.mjs [BUNDLE]: runs the built program to fill its code caches. It reads this machine, and a reuseport group of its own.

import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { loadProgram, save } from './code-cache.mjs';

const listening = (port) =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', port, reusePort: true }, () => resolve(server));
  });

const [bundle = join(import.meta.dirname, '../dist/src/cli/main.js')] = process.argv.slice(2);
const first = await listening(0);
const second = await listening(first.address().port);
const program = loadProgram(bundle, createRequire(bundle));
// Saved before the next command adds what only it needs.
await run(['inspect', '--no-slots', '--json']);
save(bundle, program.main.script);
await run(['inspect', '--no-slots']);
save(join(dirname(bundle), 'rest.js'), program.rest.script);
await run(['programs', '--json']);
save(join(dirname(bundle), 'watch.js'), program.watch.script);
for (const server of [first, second]) server.close();

async function run(command) {
  const status = await program.main.exports.main(command);
  if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}`);
}
