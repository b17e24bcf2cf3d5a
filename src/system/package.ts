/** Files that come with the program, wherever its code runs: from src/ROOM/*.ts, or bundled in dist/src/ROOM/*.js. */
import { join } from 'node:path';

const fromSource = import.meta.filename.endsWith('.ts');

/** The folder that holds package.json, probes/ and prebuilds/. */
export const packageRoot = join(import.meta.dirname, fromSource ? '../..' : '../../..');

/** The code of a process of its own; `name` is its path in src/, without the ending. */
export function programFile(name: string): string {
  return join(packageRoot, fromSource ? `src/${name}.ts` : `dist/src/${name}.js`);
}
