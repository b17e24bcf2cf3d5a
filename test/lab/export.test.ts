/** Counters of the exporter against what was really sent, on a NIC with several queues. */
import { expect, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';
import { startReaders, UDP_PORT } from './udp.ts';

const SENT = 5_000;
const guest = useGuest(async (each) => {
  await startReaders(each);
});

/** Packets received by all queues of eth0, and by eth0 as the kernel counts them. */
async function received(): Promise<{ readonly queues: number; readonly device: number }> {
  const [text, device] = await Promise.all([
    guest().run('curl -s http://127.0.0.1:9884/metrics'),
    guest().run('cat /sys/class/net/eth0/statistics/rx_packets'),
  ]);
  const ours = /^locality_tune_queue_packets_total\{device="eth0",queue="\d+",direction="rx"\} (\d+)$/gm;
  const counts = [...text.matchAll(ours)].map(([, count]) => Number(count));
  expect(counts.length).toBeGreaterThan(1);
  return { queues: counts.reduce((sum, each) => sum + each, 0), device: Number(device) };
}

it('counts every packet of every queue', async () => {
  const exporter = guest().start('exec locality-tune export --no-slots 2>&1');
  await exporter.line();
  const before = await received();
  await guest().outside(`python3 test/lab/udp-source.py ${INSIDE} ${UDP_PORT} ${SENT} 64`);
  const after = await received();
  // Now and then a neighbour asks for an address.
  const others = after.device - before.device - SENT;
  expect(others).toBeGreaterThanOrEqual(0);
  expect(others).toBeLessThan(20);
  expect(Math.abs(after.queues - before.queues - SENT - others)).toBeLessThanOrEqual(1);
  await exporter.end();
});
