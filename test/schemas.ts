/** The JSON Schemas, for the tests of everything that prints JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';

export type Schema = { readonly [key: string]: unknown };

export const committed = (name: string): Schema =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../docs/schemas/${name}.json`), 'utf8'));

/** The same without names that it does not list, so that a name that no type mentions is found. */
export function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const isOpen = 'properties' in schema && !('additionalProperties' in schema);
  return Object.fromEntries([...entries, ...(isOpen ? [['additionalProperties', false]] : [])]);
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
const validators = new Map<string, ValidateFunction>();

function validator(name: string): ValidateFunction {
  const known = validators.get(name) ?? ajv.compile(closed(committed(name)) as object);
  validators.set(name, known);
  return known;
}

/** What is wrong with a document; [] if nothing is. @param name null: that of its `schema` */
export function problemsOf(document: unknown, name: string | null = null): string[] {
  const { schema, error } = Object(document) as { schema?: unknown; error?: unknown };
  const [, own = ''] = /^locality-tune\.([a-z]+)(?:-[a-z]+)?\/\d+$/.exec(String(schema)) ?? [];
  const validate = validator(name ?? (error === undefined ? own : 'error'));
  return validate(document)
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${own}${instancePath} ${message} ${JSON.stringify(params)}`,
      );
}

/** Checks each document of a command's output, one in all or one per line. Throws what is wrong. */
export function checkOutput(stdout: string): void {
  if (!stdout.startsWith('{')) return;
  for (const document of documentsIn(stdout)) {
    const problems = Object(document).schema === undefined ? [] : problemsOf(document);
    if (problems.length > 0) throw new Error(`not as docs/schemas says: ${problems.slice(0, 5).join('; ')}`);
  }
}

/** Checks each whole line of a file. Throws what is wrong. @param name of its schema */
export function checkLines(text: string, name: string): void {
  const problems = documentsIn(text).flatMap((each) => problemsOf(each, name));
  if (problems.length > 0) throw new Error(`not as docs/schemas says: ${problems.slice(0, 5).join('; ')}`);
}

function documentsIn(stdout: string): unknown[] {
  try {
    return [JSON.parse(stdout)];
  } catch {
    return stdout
      .trim()
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line)];
        } catch {
          // Cut off by a test that lost its reader.
          return [];
        }
      });
  }
}
