/** Four pinned readers of one UDP port, datagrams from outside, and who gets them. */
import type { UdpSocket } from '../../src/measure/udp.ts';
import type { Guest } from './machine/guest.ts';
import { INSIDE, type Nic } from './machine/qemu.ts';
import { startMeasure } from './measure.ts';
import { placeInterrupts } from './nics.ts';

export const UDP_PORT = 9_053;
export const READERS = [0, 1, 2, 3];
/** In each run of `counted`. */
export const DATAGRAMS = 10_000;

export interface Counted {
  /** Datagrams read, by slot. */
  readonly packets: readonly number[];
  /** Those that were read on the CPU that received them. */
  readonly local: number;
}

export const startReaders = (guest: Guest): Promise<string> =>
  guest.start(`exec python3 test/lab/udp-workers.py ${UDP_PORT} ${READERS.join(' ')}`).line();

export const attachToReaders = (guest: Guest, program: string): Promise<string> =>
  guest.run(`locality-tune attach --yes --port ${UDP_PORT} --udp --program ${program} -j`);

/** `sources`: number of ports of one address. */
export async function counted(guest: Guest, sources: number): Promise<Counted> {
  const { program: measure, first } = await startMeasure<{ sockets: UdpSocket[] }>(
    guest,
    `udp --port ${UDP_PORT}`,
  );
  await guest.outside(`python3 test/lab/udp-source.py ${INSIDE} ${UDP_PORT} ${DATAGRAMS} ${sources}`);
  const { stdout } = await measure.end();
  const rows = stdout
    .trimEnd()
    .split('\n')
    .flatMap((line) => (JSON.parse(line) as { sockets: UdpSocket[] }).sockets);
  const sum = (of: readonly UdpSocket[], key: 'packets' | 'local') =>
    of.reduce((total, each) => total + (each[key] ?? 0), 0);
  // They were bound one after the other, and so numbered.
  const inodes = first.sockets.map(({ inode }) => inode).sort((a, b) => a - b);
  return {
    packets: inodes.map((inode) =>
      sum(
        rows.filter((row) => row.inode === inode),
        'packets',
      ),
    ),
    local: sum(rows, 'local'),
  };
}

/** Datagrams by their ports over as many queues as there are readers, queue i to CPU i. */
export async function spreadOverQueues(guest: Guest, nic: Nic): Promise<void> {
  // virtio's device hashes the ports of UDP from the start.
  if (nic === 'igb') await guest.run('ethtool -N eth0 rx-flow-hash udp4 sdfn');
  await guest.run(`ethtool -X eth0 equal ${READERS.length}`);
  await placeInterrupts(guest, READERS);
  // A new affinity is in effect after an interrupt.
  await counted(guest, 256);
}
