/** Which interface bears a name: one that was deleted and made again under the same name is another one. */
import { readInteger, readLine } from '../host/values.ts';
import type { Files } from '../system/types.ts';
import { isFields, isNatural, isText } from './shape.ts';
import type { Target } from './types.ts';

export interface Device {
  /** Given to one interface after the other, as long as the namespace lives. */
  readonly ifindex: number;
  /** `02:00:5e:10:00:01`; empty where it has none. */
  readonly address: string;
}

/** null for what is no setting of an interface, and when that has gone. */
export function deviceOf(files: Files, target: Target): Device | null {
  if (!('nic' in target)) return null;
  const ifindex = readInteger(files, `/sys/class/net/${target.nic}/ifindex`);
  return ifindex === null
    ? null
    : { ifindex, address: readLine(files, `/sys/class/net/${target.nic}/address`) ?? '' };
}

/** null when it is none, as in journals before there were any. */
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
 * Is the interface that bears the name now the one of then? `recreated`: no, and nothing that was set on that one is in
 * force. `other-address`: its address has changed since, or it was recreated with an ifindex that somebody chose. What is
 * not known of then, or has gone by now, is taken to be the same.
 */
export function identityOf(then: Device | null, now: Device | null): Identity {
  if (then === null || now === null) return 'same';
  if (then.ifindex !== now.ifindex) return 'recreated';
  return then.address === now.address ? 'same' : 'other-address';
}
