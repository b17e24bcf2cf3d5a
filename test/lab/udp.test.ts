/** Which of four readers of one UDP port gets what: by hash, by chance, by the queue that a datagram came in through. */
import { expect, inject, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { hasTable } from './nics.ts';
import { attachToReaders, counted, DATAGRAMS, READERS, spreadOverQueues, startReaders } from './udp.ts';

const lab = inject('lab');
const guest = useGuest(async (each) => {
  await startReaders(each);
});

const total = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);

it('sends one source to one reader, and with a random program evenly to all', async () => {
  const { packets } = await counted(guest(), 1);
  expect([...packets].sort((a, b) => a - b)).toEqual([0, 0, 0, DATAGRAMS]);
  await attachToReaders(guest(), 'rand');
  const spread = await counted(guest(), 1);
  expect(total(spread.packets)).toBe(DATAGRAMS);
  for (const each of spread.packets)
    expect(Math.abs(each / DATAGRAMS - 1 / READERS.length)).toBeLessThan(0.02);
});

async function staysOnItsCpu(): Promise<void> {
  await spreadOverQueues(guest(), lab.hardware.nic);
  await attachToReaders(guest(), 'cpu');
  const { packets, local } = await counted(guest(), 256);
  expect([total(packets), local]).toEqual([DATAGRAMS, DATAGRAMS]);
  for (const each of packets) expect(each).toBeGreaterThan(DATAGRAMS / 20);
}

if (hasTable(lab)) it('stays on the CPU of its queue with `cpu`, from many sources', staysOnItsCpu);
