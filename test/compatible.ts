/**
 * Does a new schema keep what readers of an old one rely on? Names may be added, and alternatives of objects and words of
 * a list. Nothing may go, become optional, become null, or be of another type.
 */
import type { Schema } from './schemas.ts';

/** What breaks, each with its path; [] if nothing does. */
export function breaks(old: Schema, fresh: Schema): string[] {
  return compare(old, fresh, { old, fresh }, '', new Set());
}

interface Roots {
  readonly old: Schema;
  readonly fresh: Schema;
}

function compare(a: Schema, b: Schema, roots: Roots, path: string, seen: Set<string>): string[] {
  const pair = `${a['$ref'] ?? ''} ${b['$ref'] ?? ''}`;
  if (a['$ref'] !== undefined && b['$ref'] !== undefined) {
    if (seen.has(pair)) return [];
    seen.add(pair);
  }
  const [olds, freshs] = [alternatives(a, roots.old), alternatives(b, roots.fresh)];
  // Anything at all.
  if (olds.some((each) => Object.keys(each).every((key) => key === 'description'))) return [];
  const lost = olds.filter(isObject).flatMap((each) => {
    const found = freshs.filter(isObject).map((other) => objects(each, other, roots, path, seen));
    const best = found.toSorted((one, other) => one.length - other.length)[0];
    return best ?? [`${path}: no object any more`];
  });
  const widened = freshs
    .filter((each) => !isObject(each))
    .flatMap((each) => {
      const found = olds
        .filter((other) => !isObject(other))
        .map((other) => values(other, each, roots, path, seen));
      const best = found.toSorted((one, other) => one.length - other.length)[0];
      return best ?? [`${path}: may be ${typeOf(each)} now`];
    });
  const isNew = olds.every((each) => !isObject(each)) && freshs.some(isObject);
  return [...lost, ...widened, ...(isNew ? [`${path}: may be an object now`] : [])];
}

function alternatives(schema: Schema, root: Schema): Schema[] {
  const { $ref, anyOf, type } = schema as { $ref?: string; anyOf?: Schema[]; type?: unknown };
  if ($ref !== undefined) return alternatives(resolve($ref, root), root);
  if (anyOf !== undefined) return anyOf.flatMap((each) => alternatives(each, root));
  return Array.isArray(type) ? type.map((each: string) => ({ ...schema, type: each })) : [schema];
}

function resolve(ref: string, root: Schema): Schema {
  const name = decodeURIComponent(ref.replace('#/definitions/', ''));
  return (root['definitions'] as Record<string, Schema>)[name] ?? {};
}

const typeOf = ({ type, const: value, enum: values }: Schema): string =>
  typeof type === 'string'
    ? type
    : value !== undefined
      ? typeof value
      : values !== undefined
        ? 'string'
        : 'anything';

const isObject = (schema: Schema): boolean => typeOf(schema) === 'object';

function objects(a: Schema, b: Schema, roots: Roots, path: string, seen: Set<string>): string[] {
  const propertiesOf = (schema: Schema) => (schema['properties'] ?? {}) as Record<string, Schema>;
  const requiredOf = (schema: Schema) => (schema['required'] ?? []) as string[];
  const [olds, freshs] = [propertiesOf(a), propertiesOf(b)];
  return Object.entries(olds).flatMap(([name, schema]) => {
    const at = `${path}/${name}`;
    const fresh = freshs[name];
    if (fresh === undefined) return [`${at}: is gone`];
    const isOptional = requiredOf(a).includes(name) && !requiredOf(b).includes(name);
    const isRenamed = name === 'schema' && schema['const'] !== fresh['const'];
    return [
      ...(isOptional ? [`${at}: became optional`] : []),
      ...(isRenamed ? [`${at}: is ${fresh['const']} now`] : []),
      ...compare(schema, fresh, roots, at, new Set(seen)),
    ];
  });
}

function values(a: Schema, b: Schema, roots: Roots, path: string, seen: Set<string>): string[] {
  if (typeOf(a) !== typeOf(b)) return [`${path}: was ${typeOf(a)}, may be ${typeOf(b)} now`];
  if (typeOf(a) !== 'array') return [];
  const [olds, freshs] = [a['items'], b['items']];
  if (Array.isArray(olds) && Array.isArray(freshs)) {
    if (olds.length !== freshs.length) return [`${path}: has ${freshs.length} elements now`];
    return olds.flatMap((each: Schema, at) => compare(each, freshs[at], roots, `${path}/${at}`, seen));
  }
  if (Array.isArray(olds) || Array.isArray(freshs)) return [`${path}: is another kind of list`];
  return compare((olds ?? {}) as Schema, (freshs ?? {}) as Schema, roots, `${path}[]`, seen);
}
