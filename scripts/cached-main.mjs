// Stands for src/cli/main.ts in the bundle of src/cli/entry.ts.
import { join } from 'node:path';
import { loadProgram } from './code-cache.mjs';

// V8 refuses the cache under most options of Node (--expose-gc, --no-opt), and reading it in vain costs a daemon 3 MB.
const cached = process.execArgv.length === 0;
export const { main } = loadProgram(join(import.meta.dirname, 'main.js'), require, cached).main.exports;
