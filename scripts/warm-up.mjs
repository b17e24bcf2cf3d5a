// Runs the built program to fill its code cache. It only reads this machine.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { load, save } from './code-cache.mjs';

const bundle = join(import.meta.dirname, '../dist/src/cli/main.js');
const { script, exports } = load(bundle, createRequire(bundle));
process.exitCode = await exports.main(['inspect', '--no-slots', '--json']);
if (process.exitCode === 0) save(bundle, script);
