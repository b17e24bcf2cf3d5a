/** Runs a program on test packets before it is attached, to see which slots it can reach. */
import { costOf } from '../cbpf/cost.ts';
import { EMPTY, type Environment } from '../cbpf/environment.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import { OUT_OF_RANGE } from '../cbpf/programs.ts';
import { randomFrom } from '../cbpf/random.ts';
import { compile, type Input, inputs } from '../cbpf/simulate.ts';
import type { Cpus } from '../host/cpus.ts';

export interface Trial {
  /** What the choice depends on. */
  readonly decides: readonly Input[];
  readonly runs: number;
  /** If the CPU alone decides: the slot of each online CPU, null for the kernel's hash. Otherwise null. */
  readonly slotOfCpu: readonly { readonly cpu: number; readonly slot: number | null }[] | null;
  /** Runs that reached slot 0, 1, …, with equal runs on each online CPU. */
  readonly slots: readonly number[];
  /** Runs that returned 0xffffffff, to let the hash choose. */
  readonly hashed: number;
  /** Runs that returned another index beyond the group. The hash chooses there too. */
  readonly beyond: number;
  /** Runs that ended early, all in slot 0. */
  readonly early: number;
}

export interface TrialGroup {
  readonly protocol: 'tcp' | 'udp';
  /** With a colon: IPv6. */
  readonly address: string;
  readonly size: number;
}

/** Enough runs per slot that a slot without any cannot be reached. */
const FOR_EACH_SLOT = 32;
const LEAST = 16_384;
/** Executed instructions: a second or less. */
const BUDGET = 5e7;
const SEED = 1;

/** Always the same for the same program, group and CPUs. @param program that `check` accepts */
export function tryOut(program: readonly Instruction[], group: TrialGroup, online: Cpus): Trial {
  const read = inputs(program);
  const decides = [...read];
  const byCpu = decides.every((input) => input === 'cpu');
  const cpus = online.length > 0 ? online : [0];
  const wanted = Math.max(LEAST, FOR_EACH_SLOT * group.size);
  const affordable = Math.floor(BUDGET / costOf(program).longest);
  const runs = byCpu ? cpus.length : Math.max(cpus.length, Math.min(wanted, affordable));
  const run = compile(program);
  const random = randomFrom(SEED);
  const packet = read.has('packet') || read.has('other') ? packets(group, random) : () => EMPTY;
  const slots = new Array<number>(group.size).fill(0);
  const counts = { hashed: 0, beyond: 0, early: 0 };
  const slotOfCpu: { cpu: number; slot: number | null }[] = [];
  for (let index = 0; index < runs; index++) {
    const cpu = cpus[index % cpus.length] ?? 0;
    const queue = 1 + (random() % group.size);
    const { result, earlyExit } = run({ ...packet(), cpu, queue, rand: random, rxhash: random() });
    if (earlyExit !== null) counts.early++;
    if (result < group.size) slots[result] = (slots[result] ?? 0) + 1;
    else if (result === OUT_OF_RANGE) counts.hashed++;
    else counts.beyond++;
    if (byCpu) slotOfCpu.push({ cpu, slot: result < group.size ? result : null });
  }
  return { decides, runs, slotOfCpu: byCpu ? slotOfCpu : null, slots, ...counts };
}

/** Slots that no run reached; none if there were too few runs to be sure. */
export function unreached({ slots, runs, slotOfCpu, hashed, beyond }: Trial): number[] {
  const few = slotOfCpu === null && runs < FOR_EACH_SLOT * slots.length;
  // Packets that the hash places may reach any slot.
  if (few || hashed + beyond > 0) return [];
  return slots.flatMap((count, slot) => (count === 0 ? [slot] : []));
}

const ETH_P = { IP: 0x0800, IPV6: 0x86dd } as const;
const IPPROTO = { tcp: 6, udp: 17 } as const;
const PAYLOAD_BYTES = 64;

/** Packets from any source to the group: SYNs without payload, datagrams with random bytes. */
function packets({ protocol, address }: TrialGroup, random: () => number): () => Environment {
  const v6 = address.includes(':');
  const header = v6 ? 40 : 20;
  const transport = protocol === 'tcp' ? 20 : 8;
  const length = protocol === 'tcp' ? 0 : PAYLOAD_BYTES;
  const frame = new Uint8Array(14 + header + transport + length);
  const view = new DataView(frame.buffer);
  view.setUint16(12, v6 ? ETH_P.IPV6 : ETH_P.IP);
  frame[14] = v6 ? 0x60 : 0x45;
  frame[14 + (v6 ? 6 : 9)] = IPPROTO[protocol];
  const source = 14 + (v6 ? 8 : 12);
  const start = 14 + header;
  return () => {
    for (let at = source; at < source + (v6 ? 16 : 4); at += 4) view.setUint32(at, random());
    view.setUint16(start, 1024 + (random() % 64_512));
    for (let at = start + transport; at < frame.length; at += 4) view.setUint32(at, random());
    return {
      ...EMPTY,
      protocol: v6 ? ETH_P.IPV6 : ETH_P.IP,
      hatype: 1,
      ifindex: 2,
      packet: frame.subarray(start + transport),
      network: frame.subarray(14),
      link: frame,
    };
  };
}
