/**
 * `attach --persist`: a drop-in for the service of a server (systemd.unit(5)), which attaches the program each time the
 * service is started or reloaded; and its removal.
 */
import { readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoCode, failure, isErrno } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { onFile, removeFile } from '../system/remove-file.ts';
import { saveDurably, syncFolder } from '../system/save.ts';
import { requireTrustedFolder } from '../system/trusted.ts';
import { places } from './places.ts';
import { quote, reload } from './unit.ts';

export interface DropIn {
  /** `nginx.service`. */
  readonly unit: string;
  readonly path: string;
  readonly text: string;
}

export interface Served {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** systemd.unit(5), without the escapes of generated names. */
const UNIT = /^[\w:@.-]{1,240}\.service$/;

/**
 * Pure. A failure does not stop the server (`-`), and a confined service does not confine it (`+`).
 * @param command words that run this program @param args those of `attach`. Throws Failure no-such-unit
 */
export function dropInFor(
  unit: string,
  served: Served,
  command: readonly string[],
  args: readonly string[],
): DropIn {
  if (!UNIT.test(unit))
    throw failure('no-such-unit', `${unit} is no name of a service`, 'for example --unit nginx.service');
  const line = `-+${[...command, ...args].map(quote).join(' ')}`;
  return {
    unit,
    path: pathOf(unit, served),
    text: `# Written by locality-tune attach --persist; locality-tune detach --persist removes it.
[Service]
ExecStartPost=${line}
ExecReload=${line}
`,
  };
}

const fileName = ({ protocol, port }: Served): string => `locality-tune-${protocol}-${port}.conf`;
const pathOf = (unit: string, served: Served): string => join(places().units, `${unit}.d`, fileName(served));

/** Throws Failure not-trusted, and as onFile does. */
export async function writeDropIn({ path, text }: DropIn): Promise<void> {
  onFile('write', path, () => {
    makeFolder(dirname(path), 0o755);
    requireTrustedFolder(dirname(path));
    saveDurably(path, text, 0o644);
  });
  await reload();
}

/** The drop-ins for this port, of any service. */
export const dropInsOf = (served: Served): readonly string[] =>
  allDropIns().filter((path) => basename(path) === fileName(served));

/** Those of all ports. */
export function allDropIns(): readonly string[] {
  const { units } = places();
  return namesIn(units)
    .filter((name) => name.endsWith('.service.d'))
    .flatMap((name) => namesIn(join(units, name)).map((file) => join(units, name, file)))
    .filter((path) => /^locality-tune-(tcp|udp)-\d{1,5}\.conf$/.test(basename(path)))
    .sort();
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoCode(error) === null) throw error;
    return [];
  }
}

/** Throws SystemError, and as onFile does. */
export async function removeDropIn(path: string): Promise<void> {
  onFile('remove', path, () => removeFile(path));
  try {
    rmdirSync(dirname(path));
    syncFolder(dirname(dirname(path)));
  } catch (error) {
    // It has drop-ins of others.
    if (!isErrno(error, 'ENOTEMPTY', 'ENOENT')) throw error;
  }
  await reload();
}
