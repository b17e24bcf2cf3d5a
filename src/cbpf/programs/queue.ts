/** `queue`: the RX queue that the NIC put the packet into, modulo the group's size. */
import { type Instruction, SKF_AD_OFF } from '../instruction.ts';
import { type About, JEQ, type Line, mod, OUT_OF_RANGE, RET_A, ret, SUB, same, words } from './line.ts';

export const about: About = {
  purpose: 'the RX queue that the packet came in by, modulo the number of sockets',
  use:
    'a worker for each queue, where the CPU says nothing: RPS or threaded NAPI moves the work, or IRQs move while a ' +
    "queue's flows shall stay where they are.",
  avoid:
    'loopback, veth and most single-queue NICs record no queue: there the kernel falls back to its hash.',
};

const LD_QUEUE: Instruction = [0x20, 0, 0, SKF_AD_OFF + 24];

export function lines(modulus: number): Line[] {
  return [
    [LD_QUEUE, 'the recorded RX queue + 1'],
    [[JEQ, 0, 1, 0], 'or 0, where the driver recorded none'],
    [ret(OUT_OF_RANGE), 'then the kernel chooses by its own hash'],
    [[SUB, 0, 0, 1], 'the RX queue'],
    [mod(modulus), `one of ${modulus} slots: queue q to slot q mod ${modulus}`],
    [RET_A, 'is the index of the socket'],
  ];
}

export function modulusOf(program: readonly Instruction[]): number | null {
  const modulus = program[4]?.[3] ?? 0;
  return modulus > 0 && same(program, words(lines(modulus))) ? modulus : null;
}
