/** How fast programs are simulated, in this very process. */
import { costOf } from '../../src/cbpf/cost.ts';
import type { Environment } from '../../src/cbpf/environment.ts';
import { cpu, generate, map } from '../../src/cbpf/programs.ts';
import { compile } from '../../src/cbpf/simulate.ts';
import { packetOf } from '../../src/pcap/packet.ts';
import { from } from '../cbpf/packets.ts';
import { ethernet, udp4 } from '../pcap/files.ts';

const members = Array.from({ length: 64 }, (_, slot) => [slot, slot] as const);
const PROGRAMS: Readonly<Record<string, ReturnType<typeof generate>>> = {
  'cpu, 8 sockets': cpu(8),
  'map, 512 CPUs': map(new Map(Array.from({ length: 512 }, (_, index) => [index, 511 - index]))),
  'weighted by flow, 64 sockets': generate({
    name: 'weighted',
    weights: members.map(() => 1),
    spread: 'flow',
  }),
  'source-rendezvous, 64 sockets': generate({ name: 'source-rendezvous', keyOfSlot: new Map(members) }),
};

const PACKETS = 200_000;

/** Packets of 4,096 sources and as many ports, received on 512 CPUs. */
function packets(): Environment[] {
  return Array.from({ length: 4_096 }, (_, index) => ({
    ...from([0x0a000000 + index], 1_024 + index),
    cpu: index & 511,
    rand: index,
  }));
}

export function simulationTable(): void {
  const environments = packets();
  console.log('\nsimulation of one packet after the other');
  console.table(
    Object.entries(PROGRAMS).map(([program, instructions]) => {
      const run = compile(instructions);
      let steps = 0;
      for (const environment of environments) run(environment, () => steps++);
      const perPacket = steps / environments.length;
      const seconds = timed(() => {
        for (let index = 0; index < PACKETS; index++) {
          const environment = environments[index % environments.length];
          if (environment !== undefined) run(environment);
        }
      });
      return {
        program,
        'instructions a packet': Math.round(10 * perPacket) / 10,
        'longest way': costOf(instructions).longest,
        'M packets/s': round(PACKETS / seconds / 1e6),
        'M instructions/s': round((PACKETS * perPacket) / seconds / 1e6),
      };
    }),
  );
  const bytes = ethernet(udp4({ payload: new Uint8Array(64) }));
  const seconds = timed(() => {
    for (let index = 0; index < PACKETS; index++) packetOf({ linkType: 1, bytes, length: bytes.length });
  });
  console.log(`frames taken apart: ${round(PACKETS / seconds / 1e6)} M/s`);
}

/** Seconds, the best of three. */
function timed(act: () => void): number {
  const times = [0, 1, 2].map(() => {
    const start = performance.now();
    act();
    return (performance.now() - start) / 1000;
  });
  return Math.min(...times);
}

const round = (value: number) => Math.round(10 * value) / 10;
