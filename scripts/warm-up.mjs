// warm-up.mjs [BUNDLE [EMULATOR...]]: runs the built program to fill its code caches. It reads this machine, and a reuseport group of
// another process. EMULATOR runs programs that are built as this Node is.
//
// The same machine must give the same bytes, so nothing may depend on time. V8 notes in the cache which functions it has optimized, and
// leaves out what it has thrown away because it was not used for a while. And the program looks more often at a busy process, such as
// this one, than at one that waits.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { loadProgram, save } from './code-cache.mjs';

/** V8 refuses a cache of other flags. */
const BY_TIME = ['flush-bytecode', 'maglev', 'opt', 'sparkplug'];
const setByTime = (on) => {
  for (const name of BY_TIME) setFlagsFromString(`--${on ? '' : 'no-'}${name}`);
};

const SERVE = 'serve';

const listening = (port) =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen({ host: '127.0.0.1', port, reusePort: true }, () => resolve(server.address().port));
  });

async function serve() {
  await listening(await listening(0));
  process.stdout.write('ready');
  process.stdin.on('end', () => process.exit()).resume();
}

async function warmUp(bundle, emulator) {
  setByTime(false);
  const [command, ...args] = [...emulator, process.execPath, import.meta.filename, SERVE];
  const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  const program = loadProgram(bundle, createRequire(bundle));
  const run = async (command) => {
    const status = await program.main.exports.main(command);
    if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}`);
  };
  const keep = (part) => {
    setByTime(true);
    save(join(dirname(bundle), `${part}.js`), program[part].script);
    setByTime(false);
  };
  // Saved before the next command adds what only it needs.
  await run(['inspect', '--no-slots', '--json']);
  keep('main');
  await run(['inspect', '--no-slots']);
  keep('rest');
  await run(['programs', '--json']);
  keep('watch');
  server.stdin.end();
}

const [bundle = join(import.meta.dirname, '../dist/src/cli/main.js'), ...emulator] = process.argv.slice(2);
await (bundle === SERVE ? serve() : warmUp(bundle, emulator));
