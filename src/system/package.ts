/** Finds files of the package, whether the code runs from src/ROOM/*.ts or bundled in dist/, the view in dist/tui/. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const fromSource = import.meta.filename.endsWith('.ts');

/** The folder with package.json and prebuilds/. */
export const packageRoot = join(import.meta.dirname, isNear() ? '../..' : '../../..');

/** The view is in dist/tui/, everything else that was bundled one folder deeper. */
function isNear(): boolean {
  return fromSource || basename(import.meta.dirname) === 'tui';
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

/** The code of a separate process; `name` is its path in src/, without the extension. */
export function programFile(name: string): string {
  return join(packageRoot, fromSource ? `src/${name}.ts` : `dist/src/${name}.js`);
}

/** docs/findings.md, which explains each rule. The build keeps a copy, since some tools remove a package's docs. */
export function findingsPage(): string {
  return readFileSync(join(packageRoot, fromSource ? 'docs' : 'dist', 'findings.md'), 'utf8');
}

/** The folder of JSON Schemas; a copy for the same reason. */
const schemas = (): string => join(packageRoot, fromSource ? 'docs' : 'dist', 'schemas');

/** `inspect`, `snapshot`, …, in alphabetical order. */
export const schemaNames = (): readonly string[] =>
  readdirSync(schemas())
    .flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []))
    .toSorted();

/** @param name one of `schemaNames` */
export const schemaText = (name: string): string => readFileSync(join(schemas(), `${name}.json`), 'utf8');
