/** `cpu`: the receiving CPU, modulo the group's size. */
import { LD_CPU, mod, RET_A } from './line.ts';
import type { ProgramParameters, SteeringProgram } from './program.ts';

export const cpuProgram: SteeringProgram<Pick<ProgramParameters, 'size'>> = {
  purpose: 'receiving CPU modulo the number of sockets',
  use: 'one worker per CPU, pinned in slot order: the worker of slot i on CPU i.',
  avoid:
    'slots and CPUs in another order (use map), more workers than receiving CPUs, unpinned workers: some workers ' +
    'starve or run on another CPU.',
  parameters: ['size'],
  lines: ({ size }) => [
    [LD_CPU, 'the CPU that received the packet'],
    [mod(size), `one of ${size} slots: CPU c to slot c mod ${size}`],
    [RET_A, 'is the index of the socket'],
  ],
  parse: (program) => ({ size: program[1]?.[3] ?? 0 }),
  lastSlot: ({ size }) => size - 1,
  slotOnCpu: ({ size }, cpu) => cpu % size,
};
