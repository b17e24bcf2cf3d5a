/** `cpu`: the receiving CPU, modulo the group's size. */
import type { Instruction } from '../instruction.ts';
import { type About, LD_CPU, type Line, mod, RET_A, same, words } from './line.ts';

export const about: About = {
  purpose: 'the receiving CPU, modulo the number of sockets',
  use: 'one worker for each CPU, pinned in slot order: worker i on CPU i. What the article of 2017 does.',
  avoid:
    'slots and CPUs in another order (map), more workers than CPUs that receive, unpinned workers: some starve, ' +
    'or run elsewhere.',
};

export function lines(modulus: number): Line[] {
  return [
    [LD_CPU, 'the CPU that received the packet'],
    [mod(modulus), `one of ${modulus} slots: CPU c to slot c mod ${modulus}`],
    [RET_A, 'is the index of the socket'],
  ];
}

export function modulusOf(program: readonly Instruction[]): number | null {
  const modulus = program[1]?.[3] ?? 0;
  return modulus > 0 && same(program, words(lines(modulus))) ? modulus : null;
}
