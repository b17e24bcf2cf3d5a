/** The input of a NIC's hash. */
import type { Rss } from '../host/types.ts';
import type { Flow } from './flow.ts';

/** Fields of the input, in order; `sd`: only addresses. */
export type Fields = 'sd' | 'sdfn';

/** The transform applied first (include/uapi/linux/ethtool.h, RXH_XFRM_*). */
export type Xfrm = 'none' | 'symmetric-xor' | 'symmetric-or-xor';

/** Key of `Rss.fields` for a flow. */
export function flowType({ protocol, source }: Pick<Flow, 'protocol' | 'source'>): keyof Rss['fields'] {
  return `${protocol}${source.bytes.length === 4 ? 4 : 6}`;
}

/**
 * Source address, destination address, and with `sdfn` the ports, in network order: the input of Microsoft's
 * verification suite. The symmetric transforms are those of ice and mlx5 (Documentation/networking/scaling.rst).
 */
export function hashInput({ source, destination }: Flow, fields: Fields, xfrm: Xfrm): Uint8Array {
  const length = source.bytes.length;
  const input = new Uint8Array(2 * length + (fields === 'sdfn' ? 4 : 0));
  input.set(source.bytes);
  input.set(destination.bytes, length);
  if (fields === 'sdfn')
    input.set(
      [source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff],
      2 * length,
    );
  if (xfrm === 'none') return input;
  mix(input, 0, length, xfrm);
  if (fields === 'sdfn') mix(input, 2 * length, 2, xfrm);
  return input;
}

/** Combines two fields of equal length: xor and xor, or for mlx5 or and xor. */
function mix(input: Uint8Array, at: number, length: number, xfrm: Xfrm): void {
  for (let index = at; index < at + length; index++) {
    const [one, other] = [input[index] ?? 0, input[index + length] ?? 0];
    input[index] = xfrm === 'symmetric-xor' ? one ^ other : one | other;
    input[index + length] = one ^ other;
  }
}
