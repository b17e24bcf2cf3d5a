/** For which machine a saved plan was made, and whether that is this one. */
import { createHmac } from 'node:crypto';
import type { Host, Nic } from '../host/types.ts';
import { readLine } from '../host/values.ts';
import type { Files } from '../system/types.ts';
import { isFields, isInterfaceName, isText } from './shape.ts';
import type { Change } from './types.ts';

export interface MadeFor {
  readonly hostname: string | null;
  /** machineIdOf; null in a plan from a captured machine. */
  readonly id: string | null;
  /** The interfaces that the plan changes. */
  readonly nics: readonly Device[];
}

/** What `ethtool -i` prints. */
type Device = Pick<Nic, 'name' | 'driver' | 'busInfo'>;

/** @param id null: the host was read from a file */
export function madeFor({ machine, nics }: Host, changes: readonly Change[], id: string | null): MadeFor {
  const changed = new Set(changes.flatMap(({ target }) => ('nic' in target ? [target.nic] : [])));
  return {
    hostname: machine.hostname,
    id,
    nics: nics
      .filter(({ name }) => changed.has(name))
      .map(({ name, driver, busInfo }) => ({ name, driver, busInfo })),
  };
}

/**
 * An id that stays the same for the life of an installation; null if there is none. machine-id(5): it is confidential,
 * so only a keyed hash of it may be shown.
 */
export function machineIdOf(files: Files): string | null {
  const id = readLine(files, '/etc/machine-id') ?? '';
  return /^[\da-f]{32}$/.test(id)
    ? createHmac('sha256', id).update('locality-tune').digest('hex').slice(0, 32)
    : null;
}

/** Why it is another machine, as a clause; null: it is not, as far as is known. */
export function otherMachine(then: MadeFor, now: MadeFor): string | null {
  if (then.id !== null && now.id !== null && then.id === now.id) return null;
  if (then.hostname !== null && now.hostname !== null && then.hostname !== now.hostname)
    return `its host name is ${then.hostname}, not ${now.hostname}`;
  if (then.id !== null && now.id !== null) return 'it has the same host name, but another /etc/machine-id';
  for (const nic of then.nics) {
    const here = now.nics.find(({ name }) => name === nic.name);
    const differs = (one: string | null, other: string | null) =>
      one !== null && other !== null && one !== other;
    if (here !== undefined && (differs(nic.driver, here.driver) || differs(nic.busInfo, here.busInfo)))
      return `its ${nic.name} is ${deviceName(nic)}, not ${deviceName(here)}`;
  }
  return null;
}

const deviceName = ({ driver, busInfo }: Device): string =>
  [driver ?? 'an unknown driver', ...(busInfo === null ? [] : [`at ${busInfo}`])].join(' ');

/** null if it is none, as in older plans. */
export function parseMadeFor(value: unknown): MadeFor | null {
  if (!isFields(value) || !Array.isArray(value['nics'])) return null;
  const { hostname, id } = value;
  const nics = value['nics'].map(parseDevice);
  return isOptional(hostname) && isOptional(id) && nics.every((nic) => nic !== null)
    ? { hostname, id, nics }
    : null;
}

function parseDevice(value: unknown): Device | null {
  if (!isFields(value)) return null;
  const { name, driver, busInfo } = value;
  return isInterfaceName(name) && isOptional(driver) && isOptional(busInfo)
    ? { name, driver, busInfo }
    : null;
}

const isOptional = (value: unknown): value is string | null => value === null || isText(value);
