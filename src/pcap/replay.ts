/** Runs a program on a whole capture. */
import type { Environment } from '../cbpf/environment.ts';
import { earlyExitText, type Run } from '../cbpf/simulate.ts';
import { type Pull, readCapture } from './capture.ts';
import { packetOf } from './packet.ts';

/** Each map counts packets. */
export interface Replay {
  /** Packets for which the program ran. */
  readonly packets: number;
  readonly passedOver: ReadonlyMap<string, number>;
  readonly results: ReadonlyMap<number, number>;
  /** By reason. They are in `results` as well, as 0. */
  readonly earlyExits: ReadonlyMap<string, number>;
  /** `udp 53`: destinations. */
  readonly ports: ReadonlyMap<string, number>;
  /** What is wrong with the file after the last readable packet. */
  readonly problem: string | null;
}

export const NOT_CAPTURED = 'cut off before a byte that the program reads';
export const ELSEWHERE = 'to another port, or by another protocol';

/** The packets that count; null: all. */
export interface Destination {
  readonly protocol: 'tcp' | 'udp' | null;
  readonly port: number | null;
}

/** @param known what no capture has: CPU, hash, queue, mark; also overrides what it has */
export function replay(
  run: Run,
  pull: Pull,
  known: Partial<Environment>,
  { protocol, port }: Destination,
): Replay {
  const counts = {
    passedOver: new Map<string, number>(),
    results: new Map<number, number>(),
    earlyExits: new Map<string, number>(),
    ports: new Map<string, number>(),
  };
  let packets = 0;
  const problem = readCapture(pull, (frame) => {
    const packet = packetOf(frame);
    if (typeof packet === 'string') return add(counts.passedOver, packet);
    if ((port ?? packet.port) !== packet.port || (protocol ?? packet.protocol) !== packet.protocol)
      return add(counts.passedOver, ELSEWHERE);
    const { result, earlyExit } = run({ ...packet.environment, ...known });
    if (earlyExit?.why === 'load' && packet.incomplete) return add(counts.passedOver, NOT_CAPTURED);
    packets++;
    add(counts.results, result);
    add(counts.ports, `${packet.protocol} ${packet.port}`);
    if (earlyExit !== null) add(counts.earlyExits, earlyExitText(earlyExit));
  });
  return { packets, ...counts, problem };
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export interface Distribution {
  /** Packets for slot 0, 1, … */
  readonly slots: readonly number[];
  /** Packets whose index is beyond the group; the kernel's hash places them. */
  readonly hashed: number;
}

export function distribute(results: ReadonlyMap<number, number>, size: number): Distribution {
  const slots = new Array<number>(size).fill(0);
  let hashed = 0;
  for (const [result, packets] of results) {
    if (result < size) slots[result] = packets;
    else hashed += packets;
  }
  return { slots, hashed };
}
