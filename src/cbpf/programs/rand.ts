/** `rand`: any socket, chosen for each packet. */
import { LD_RAND, mod, RET_A } from './line.ts';
import type { ProgramParameters, SteeringProgram } from './program.ts';

export const randProgram: SteeringProgram<Pick<ProgramParameters, 'size'>> = {
  purpose: 'any socket at random, chosen again for each packet',
  use: 'stateless datagrams from few sources (DNS, syslog, StatsD, telemetry), which the hash would send to few sockets.',
  avoid:
    'QUIC, DTLS, RTP and anything else with state per flow: packets of one flow go to all workers. It gives no ' +
    'locality either.',
  parameters: ['size'],
  lines: ({ size }) => [
    [LD_RAND, 'a new random number for each packet'],
    [mod(size), `one of ${size} slots`],
    [RET_A, 'is the index of the socket'],
  ],
  parse: (program) => ({ size: program[1]?.[3] ?? 0 }),
  lastSlot: ({ size }) => size - 1,
  spreadsFlows: () => true,
};
