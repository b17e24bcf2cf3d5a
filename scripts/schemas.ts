/**
 * `npm run schemas`: docs/schemas/NAME.json, a JSON Schema (draft 7) of each document and each file that this program
 * writes, from the types in src/cli/documents.ts and the folder beside it. ts-json-schema-generator reads them with a TypeScript of its own,
 * because TypeScript 7 has no programming interface.
 */
import { globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const sources = ['src/cli/documents.ts', ...globSync('src/cli/documents/*.ts', { cwd: root }).sort()];
export const FOLDER = join(root, 'docs/schemas');

export type Schema = object;

/** Exported types that end so, and the name of their schema before it: `InspectDocument` is inspect. */
const EXPORTED = /^export (?:interface|type) ((\w+)(?:Document|File|Line))\b/gm;

/** Name -> schema. */
export async function schemas(): Promise<ReadonlyMap<string, Schema>> {
  const { createGenerator } = await import('ts-json-schema-generator');
  const generator = createGenerator({
    path: join(root, 'src/cli/documents{,/*}.ts'),
    tsconfig: join(root, 'tsconfig.json'),
    // tsc has checked them, and TypeScript 5 need not understand the rest.
    skipTypeCheck: true,
    topRef: false,
    jsDoc: 'extended',
    // Later versions add names.
    additionalProperties: true,
  });
  return new Map(
    Array.from(
      sources
        .map((path) => readFileSync(join(root, path), 'utf8'))
        .join('')
        .matchAll(EXPORTED),
      ([, type = '', stem = '']): [string, Schema] => [stem.toLowerCase(), generator.createSchema(type)],
    ).filter(([name]) => name !== 'any'),
  );
}

export const textOf = (schema: Schema): string => `${JSON.stringify(schema, null, 1)}\n`;

if (process.argv[1] === import.meta.filename) {
  const made = await schemas();
  mkdirSync(FOLDER, { recursive: true });
  for (const old of readdirSync(FOLDER)) if (!made.has(old.replace(/\.json$/, ''))) rmSync(join(FOLDER, old));
  for (const [name, schema] of made) writeFileSync(join(FOLDER, `${name}.json`), textOf(schema));
}
