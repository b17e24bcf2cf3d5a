/** `rand`: any socket, for each packet anew. */
import type { Instruction } from '../instruction.ts';
import { type About, LD_RAND, type Line, mod, RET_A, same, words } from './line.ts';

export const about: About = {
  purpose: 'any socket by chance, for each packet anew',
  use: 'stateless datagrams from few sources (DNS, syslog, StatsD, telemetry), which the hash piles up on few sockets.',
  avoid:
    'QUIC, DTLS, RTP and whatever keeps a state for a flow: its packets go to all workers. No locality either.',
};

export function lines(modulus: number): Line[] {
  return [
    [LD_RAND, 'a new random number for each packet'],
    [mod(modulus), `one of ${modulus} slots`],
    [RET_A, 'is the index of the socket'],
  ];
}

export function modulusOf(program: readonly Instruction[]): number | null {
  const modulus = program[1]?.[3] ?? 0;
  return modulus > 0 && same(program, words(lines(modulus))) ? modulus : null;
}
