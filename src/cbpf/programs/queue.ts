/** `queue`: the RX queue of the packet, modulo the group's size. */
import { type Instruction, SKF_AD_OFF } from '../instruction.ts';
import { JEQ, mod, OUT_OF_RANGE, RET_A, ret, SUB } from './line.ts';
import type { ProgramParameters, SteeringProgram } from './program.ts';

const LD_QUEUE: Instruction = [0x20, 0, 0, SKF_AD_OFF + 24];

export const queueProgram: SteeringProgram<Pick<ProgramParameters, 'size'>> = {
  purpose: 'RX queue modulo the number of sockets',
  use:
    'one worker per queue where the CPU does not identify the queue: RPS or threaded NAPI moves the work, or IRQs move ' +
    "while each queue's flows must stay with their worker.",
  avoid: 'loopback, veth and most single-queue NICs: they record no queue, so the kernel uses its hash.',
  parameters: ['size'],
  lines: ({ size }) => [
    [LD_QUEUE, 'the recorded RX queue + 1'],
    [[JEQ, 0, 1, 0], 'or 0, where the driver recorded none'],
    [ret(OUT_OF_RANGE), 'then the kernel chooses by its own hash'],
    [[SUB, 0, 0, 1], 'the RX queue'],
    [mod(size), `one of ${size} slots: queue q to slot q mod ${size}`],
    [RET_A, 'is the index of the socket'],
  ],
  parse: (program) => ({ size: program[4]?.[3] ?? 0 }),
  lastSlot: ({ size }) => size - 1,
};
