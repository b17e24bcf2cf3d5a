/** Experiments on a NIC with real queues and interrupts: they end, say what they found, and leave every byte as it was. */
import { expect, inject, it } from 'vitest';
import type { Proved } from '../../src/use-cases/prove.ts';
import { useGuest } from './machine/lab.ts';
import { startNginx, underLoad } from './nginx.ts';

const PORT = 8080;
const { cpus } = inject('lab').hardware;
/** The fewest with a verdict on the cost: 3 minutes of a program and 3 of its waits, 13 of a plan. */
const BLOCKS = 6;

/** An RPS that nobody needs; the driver puts its IRQs anywhere, and sets no XPS. */
const SPOIL = 'echo 1 > /sys/class/net/eth0/queues/rx-0/rps_cpus';
/** Everything that a plan may touch, as the kernel prints it. */
const SETTINGS = `ethtool -l eth0; ethtool -x eth0 | head -n 40; cd /sys/class/net/eth0/queues; grep -r . . | grep -v byte_queue_limits | sort
for irq in $(ls /sys/class/net/eth0/device/msi_irqs); do echo $irq $(cat /proc/irq/$irq/smp_affinity_list); done
for pid in $(pgrep nginx); do taskset -pc $pid; done`;

const guest = useGuest(async (each) => {
  await startNginx(each, PORT, cpus);
  await each.run(SPOIL);
});

const json = async <T>(command: string): Promise<T> =>
  JSON.parse(await guest().run(`locality-tune ${command} -j`, 1_100));
const selection = async () =>
  (await json<{ groups: readonly { selection: string }[] }>(`inspect --port ${PORT}`)).groups[0]?.selection;

/** Any verdict is a result, except those that name a failure. */
const RESULTS = ['gain', 'loss', 'none', 'too-noisy'];

async function proved(change: string): Promise<Proved> {
  const before = await guest().run(SETTINGS);
  const result = await underLoad(guest(), PORT, () =>
    json<Proved>(`prove --port ${PORT} --blocks ${BLOCKS} --yes ${change}`),
  );
  console.log(`${change || 'program'}: ${result.text}\n${JSON.stringify(result.metrics)}`);
  expect(await guest().run(SETTINGS)).toBe(before);
  expect(await selection()).toBe('hash');
  expect(await guest().run('ls /var/lib/locality-tune/journals 2>/dev/null | grep -v undone; true')).toBe('');
  return result;
}

it('proves a program, and measures waits by what this kernel has', async () => {
  const { verdict, rounds, probed, metrics } = await proved('--latency');
  expect(RESULTS).toContain(verdict);
  expect(rounds).toHaveLength(4 * BLOCKS);
  expect(metrics['remote-wakeups']?.effect).toBeLessThan(0);
  expect(probed).toHaveLength(4 * BLOCKS);
  expect(metrics['wait-median']?.n).toBe(BLOCKS);
});

it('proves a plan of interrupts, XPS, RPS and a program', async () => {
  const { verdict, rounds, changes } = await proved('--change plan --iface eth0');
  expect(RESULTS).toContain(verdict);
  expect(rounds).toHaveLength(4 * BLOCKS);
  const kinds = [...new Set(changes?.map(({ kind }) => kind))];
  expect(kinds).toEqual(expect.arrayContaining(['irq', 'xps', 'rps', 'program']));
});

it('refuses a plan that changes the channels', async () => {
  await guest().run(`ethtool -L eth0 combined ${cpus / 2}`);
  const answer = await guest().run(
    `locality-tune prove --port ${PORT} --change plan --iface eth0 --yes -j; test $? = 1`,
    800,
  );
  await guest().run(`ethtool -L eth0 combined ${cpus}`);
  expect(JSON.parse(answer).error).toMatchObject({
    code: 'not-exact',
    message: expect.stringContaining('takes the link down'),
  });
});
