/**
 * Shapes of JSON values: each takes the result of JSON.parse and returns it with a type, or throws a Mismatch that
 * names the place. Fields that a shape does not name are dropped.
 */

/** `at` is the place, as jq would write it: `nics[3].irqs[2].irq`. */
export type Shape<T> = (value: unknown, at: string) => T;

export class Mismatch extends Error {}

function mismatch(at: string, expected: string, value: unknown): Mismatch {
  return new Mismatch(`${at || 'the document'}: ${expected} expected, found ${found(value)}`);
}

/** What is found may be nested a million times, or 200 MB long: it is not written out. */
function found(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return 'an object';
  return typeof value === 'number'
    ? String(value)
    : JSON.stringify(typeof value === 'string' ? value.slice(0, 40) : value);
}

export const text: Shape<string> = (value, at) => {
  if (typeof value !== 'string') throw mismatch(at, 'a text', value);
  return value;
};

export const truth: Shape<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw mismatch(at, 'true or false', value);
  return value;
};

/** JSON.parse makes infinity of `1e999`. */
export const number: Shape<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw mismatch(at, 'a number', value);
  return value;
};

export function whole(low: number, high: number): Shape<number> {
  const expected = `a whole number from ${low} to ${high}`;
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
      throw mismatch(at, expected, value);
    return value;
  };
}

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value, at) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw mismatch(at, `one of ${words.join(', ')}`, value);
    return found;
  };
}

export function list<T>(of: Shape<T>): Shape<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw mismatch(at, 'a list', value);
    return value.map((each: unknown, index) => of(each, `${at}[${index}]`));
  };
}

/** null or absent: what the writer did not know is not known. */
export function nullable<T>(of: Shape<T>): Shape<T | null> {
  return (value, at) => (value === null || value === undefined ? null : of(value, at));
}

/** Every field of T must have a shape here; the compiler checks that. */
export function object<T extends object>(fields: { readonly [K in keyof T]: Shape<T[K]> }): Shape<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return (value, at) => {
    if (!isRecord(value)) throw mismatch(at, 'an object', value);
    const checked: Partial<T> = {};
    for (const name of names)
      checked[name] = fields[name](
        Object.hasOwn(value, name) ? value[name] : undefined,
        at ? `${at}.${name}` : name,
      );
    return checked as T;
  };
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
