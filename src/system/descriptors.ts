/** What descriptors of processes refer to (native/descriptors.cc): all processes in one pass, outside of this thread. */
import { native } from './native.ts';
import type { DescriptorTable } from './types.ts';

/** Third of a row. */
export const KIND = { denied: 0, socket: 1, epoll: 2, ring: 3 } as const;
const SIZEOF_DESCRIPTOR = 16;

/** Throws SystemError if /proc cannot be listed. */
export async function readDescriptors(): Promise<DescriptorTable> {
  return decodeDescriptors(await native().descriptors());
}

/** Of any bytes; what is left over is no row. Their order is this machine's. */
export function decodeDescriptors(bytes: Uint8Array): DescriptorTable {
  const whole = bytes.slice(0, bytes.length - (bytes.length % SIZEOF_DESCRIPTOR));
  return new Uint32Array(whole.buffer);
}
