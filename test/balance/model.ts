/** Which row of a table has a flow: what bpf/balance.h computes. */
import { addressWords } from '../../src/balance/address-words.ts';
import { hashOf } from '../../src/xdp/hash.ts';

export interface TextFlow {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: 'tcp' | 'udp';
}

/** @param exact false: the VIP is of every port, so ports do not count */
export function rowOf(seed: number, flow: TextFlow, exact = true): number {
  const ports = Buffer.alloc(4);
  if (exact) {
    ports.writeUInt16BE(flow.sourcePort, 0);
    ports.writeUInt16BE(flow.destinationPort, 2);
  }
  const words = [
    ...addressWords(flow.source),
    ...addressWords(flow.destination),
    ports.readInt32LE(0),
    flow.protocol === 'tcp' ? 6 : 17,
  ];
  return hashOf(seed, words) & 0xffff;
}
