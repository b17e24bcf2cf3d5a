/** What was configured by hand, through ethtool and /proc, is what `inspect` sees. */
import { expect, inject, it } from 'vitest';
import type { Nic } from '../../src/host/types.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';
import { hasChannels, hasTable, placeInterrupts } from './nics.ts';

const QUEUES = 4;
const guest = useGuest();
const lab = inject('lab');

/** On the last CPUs, in reverse. */
const cpuOf = (queue: number) => lab.hardware.cpus - 1 - queue;
const QUEUE_NUMBERS = Array.from({ length: QUEUES }, (_, queue) => queue);

async function nic(): Promise<Nic> {
  const { nics }: { nics: readonly Nic[] } = JSON.parse(
    await guest().run('locality-tune inspect --iface eth0 --no-slots -j'),
  );
  const [only] = nics;
  if (only === undefined) throw new Error('no eth0');
  return only;
}

const mask = (cpu: number) => (1 << cpu).toString(16);

it('sees channels, IRQ affinity, XPS and RPS as they were set', async () => {
  if (hasChannels(lab)) await guest().run(`ethtool -L eth0 combined ${QUEUES}`);
  await placeInterrupts(guest(), QUEUE_NUMBERS.map(cpuOf));
  for (const queue of QUEUE_NUMBERS)
    await guest().run(`cd /sys/class/net/eth0/queues && echo ${mask(queue)} > tx-${queue}/xps_cpus &&
      echo ${mask(7 - queue)} > rx-${queue}/rps_cpus && echo ${1024 << queue} > rx-${queue}/rps_flow_cnt`);
  const { channels, irqs, rxQueues, txQueues } = await nic();
  if (hasChannels(lab)) expect(channels?.combined?.current).toBe(QUEUES);
  if (hasChannels(lab)) expect([rxQueues.length, txQueues.length]).toEqual([QUEUES, QUEUES]);
  for (const queue of QUEUE_NUMBERS) {
    const [rx, tx] = [rxQueues[queue], txQueues[queue]];
    expect(rx).toMatchObject({ index: queue, rps: [7 - queue], rfsFlows: 1024 << queue });
    expect(tx).toMatchObject({ index: queue, xpsCpus: [queue] });
    for (const end of [rx, tx])
      expect(irqs.find(({ irq }) => irq === end?.irq)).toMatchObject({ affinity: [cpuOf(queue)] });
  }
});

async function seesTheTable(): Promise<void> {
  await guest().run('ethtool -X eth0 weight 3 1 0 0');
  // From 400 source ports to a closed one: an interrupt of both queues, after which a new affinity is in effect.
  const knock = `import socket\nfor port in range(20000, 20400):
  with socket.socket() as s: s.bind(('', port)); s.connect_ex(('${INSIDE}', 9))`;
  await guest().outside(`python3 -c "${knock}"`);
  const { rss, rxQueues, irqs } = await nic();
  expect(rss?.indirection).toEqual(Array.from({ length: 128 }, (_, entry) => (entry < 96 ? 0 : 1)));
  expect(rss?.isDefault).toBe(false);
  for (const queue of [0, 1]) {
    expect(rxQueues[queue]).toMatchObject({ cpus: [cpuOf(queue)], cpusSource: 'effective' });
    const irq = irqs.find(({ irq }) => irq === rxQueues[queue]?.irq);
    expect(irq?.effective).toEqual([cpuOf(queue)]);
    expect(irq?.counts[cpuOf(queue)]).toBeGreaterThan(0);
  }
}

if (hasTable(lab)) it('sees the indirection table, and where its queues interrupt', seesTheTable);
