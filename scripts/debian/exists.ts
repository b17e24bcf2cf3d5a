import { access } from 'node:fs/promises';

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The first that is there; throws when none is. */
export async function firstOf(...paths: readonly string[]): Promise<string> {
  for (const path of paths) if (await exists(path)) return path;
  throw new Error(`none of these is there: ${paths.join(', ')}`);
}
