/**
 * Identifies the interface behind a name: one that was deleted and recreated under the same name is a different one.
 */
import { readInteger, readLine } from '../host/values.ts';
import type { Files } from '../system/types.ts';
import { isFields, isNatural, isText } from './shape.ts';
import type { Target } from './types.ts';

export interface Device {
  /** The ifindex, unique as long as the namespace exists. */
  readonly ifindex: number;
  /** `02:00:5e:10:00:01`; empty if it has none. */
  readonly address: string;
}

/** null if the setting belongs to no interface, or the interface is gone. */
export function deviceOf(files: Files, target: Target): Device | null {
  if (!('nic' in target)) return null;
  const ifindex = readInteger(files, `/sys/class/net/${target.nic}/ifindex`);
  return ifindex === null
    ? null
    : { ifindex, address: readLine(files, `/sys/class/net/${target.nic}/address`) ?? '' };
}

/** null if it is none, as in older journals. */
export function parseDevice(value: unknown): Device | null {
  if (!isFields(value)) return null;
  const { ifindex, address } = value;
  // MAX_ADDR_LEN is 32 bytes.
  return isNatural(ifindex) && isText(address) && /^[\da-f:]{0,95}$/i.test(address)
    ? { ifindex, address }
    : null;
}

export type Identity = 'same' | 'recreated' | 'other-address';

/**
 * Is the interface with this name the same as before? `recreated`: no, and none of its former settings is in force.
 * `other-address`: its address has changed, or it was recreated with a chosen ifindex. If the former or the present one
 * is not known, they count as the same.
 */
export function identityOf(then: Device | null, now: Device | null): Identity {
  if (then === null || now === null) return 'same';
  if (then.ifindex !== now.ifindex) return 'recreated';
  return then.address === now.address ? 'same' : 'other-address';
}
