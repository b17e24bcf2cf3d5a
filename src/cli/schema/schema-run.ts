/** `locality-tune schema`: the names of the schemas, or one of them. */
import { schemaNames, schemaText } from '../../system/package.ts';
import { nearest } from '../../words/nearest.ts';
import { usage } from '../errors.ts';
import { print } from '../output.ts';

export const listSchemas = (): void => print(`${schemaNames().join('\n')}\n`);

/** Throws usage. */
export function showSchema(name: string): void {
  const names = schemaNames();
  if (!names.includes(name)) {
    const meant = nearest(name, names);
    throw usage(
      `schema '${name}': no such schema`,
      meant === null ? '`locality-tune schema` lists them' : `did you mean ${meant}?`,
    );
  }
  print(schemaText(name));
}
