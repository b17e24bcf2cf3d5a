/**
 * One 4-tuple from outside, and `xdp spread` in the guest: every datagram is counted by the program, by the entry of its
 * CPU and by the reader there. What is lost while attaching and detaching is counted and printed, not judged.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import type { Program } from './machine/channel.ts';
import type { Guest } from './machine/guest.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';

const lab = inject('lab');
const { cpus, nic } = lab.hardware;
const PORT = 4_000;
const DATAGRAMS = 4_000;
const SETTINGS =
  "grep -rE . /sys/class/net/eth0/queues --include=[rx]ps_* | sort; ethtool -k eth0; ethtool -l eth0; for irq in $(grep -E 'eth0|put' /proc/interrupts | cut -d: -f1); do cat /proc/irq/$irq/smp_affinity_list; done";

interface Read {
  readonly counts: readonly number[];
  readonly late: number;
}

interface Interface {
  readonly mode: string;
  readonly counters: {
    readonly spread: number;
    readonly perCpu: readonly { cpu: number; arrived: number }[];
  };
  readonly arrived: number;
  readonly lost: number;
  readonly warnings: readonly string[];
}

let readers: Program;
const guest = useGuest(async (each) => {
  readers = each.start(
    `exec python3 test/lab/xdp-workers.py ${PORT} ${Array.from({ length: cpus }, (_, cpu) => cpu).join(' ')}`,
  );
  await readers.line();
});

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

async function read(): Promise<Read> {
  readers.write('\n');
  return readers.json<Read>();
}

/** What is read until nothing more comes. */
async function readAll(): Promise<Read> {
  const all: Read[] = [];
  // An emulated machine may not come to read for seconds.
  for (let quiet = 0; quiet < 6; ) {
    await sleep(1_000);
    const next = await read();
    all.push(next);
    quiet = sum(next.counts) === 0 ? quiet + 1 : 0;
  }
  return {
    counts: Array.from({ length: cpus }, (_, cpu) => sum(all.map(({ counts }) => counts[cpu] ?? 0))),
    late: sum(all.map(({ late }) => late)),
  };
}

const send = (count: number, flows: number, rate = 1_500) =>
  guest().outside(`python3 test/lab/xdp-source.py ${INSIDE} ${PORT} ${count} ${flows} ${rate}`);

const json = async (args: string) => JSON.parse(await guest().run(`locality-tune ${args} -j || true`, 400));
const status = async (): Promise<Interface | undefined> =>
  (await json('xdp status --iface eth0')).interfaces[0];

/** Sends at 1,000/s while `act` runs, and until the NIC has settled. Returns how many of them were lost. */
async function lostDuring(act: (guest: Guest) => Promise<unknown>): Promise<number> {
  const count = 14_000;
  const sending = send(count, 64, 1_000);
  await sleep(3_000);
  await act(guest());
  await sending;
  return count - sum((await readAll()).counts);
}

const within = (counts: readonly number[], total: number) => {
  const share = 1 / cpus;
  const error = Math.sqrt(total * share * (1 - share));
  for (const count of counts) expect(Math.abs(count - total * share)).toBeLessThanOrEqual(4 * error);
};

const spread = (by: string, mode: string, more = '') =>
  json(`xdp spread --iface eth0 --port ${PORT} --by ${by} --mode ${mode} --yes ${more}`);

it('has programs that this kernel loads, and knows by our tags', async () => {
  expect(JSON.parse(await guest().run('node test/xdp/load-all.ts', 300))).toEqual({ loaded: 9, unknown: [] });
});

it('fills one CPU without it', async () => {
  await send(DATAGRAMS, 0);
  const { counts } = await readAll();
  expect(counts.filter((count) => count > 0)).toEqual([DATAGRAMS]);
});

it('spreads one 4-tuple over all CPUs in native mode, to the worker on each, in order, and is undone', async () => {
  await guest().run('ethtool -K eth0 rxvlan on; echo 3 > /sys/class/net/eth0/queues/rx-0/rps_cpus');
  const before = await guest().run(SETTINGS);
  const made: { readonly error?: object; readonly cpus?: readonly number[] }[] = [];
  const attaching = await lostDuring(async () => {
    made.push(await spread('payload:0:0xffffffff', 'native', '--with-program'));
  });
  expect(made[0]).toMatchObject({
    changed: true,
    mode: 'native',
    cpus: Array.from({ length: cpus }, (_, cpu) => cpu),
  });

  const start = await status();
  await send(DATAGRAMS, 0);
  const { counts } = await readAll();
  const found = await status();
  expect(sum(counts)).toBe(DATAGRAMS);
  expect((found?.counters.spread ?? 0) - (start?.counters.spread ?? 0)).toBe(DATAGRAMS);
  expect(found).toMatchObject({ lost: 0, warnings: [] });
  // Counted by the program of the map's entry on each CPU, and read by the worker there.
  const arrived = found?.counters.perCpu.map(
    (each, at) => each.arrived - (start?.counters.perCpu[at]?.arrived ?? 0),
  );
  expect(counts).toEqual(arrived);
  within(counts, DATAGRAMS);

  // The flows of before, in order.
  await send(DATAGRAMS, 64);
  const flows = await readAll();
  expect([sum(flows.counts), flows.late]).toEqual([DATAGRAMS, 0]);

  // Another way in its place.
  const replacing = await lostDuring(() => spread('random', 'native'));
  await send(DATAGRAMS, 64);
  const chance = await readAll();
  expect(sum(chance.counts)).toBe(DATAGRAMS);
  within(chance.counts, DATAGRAMS);

  const detaching = await lostDuring(() => json('xdp detach --iface eth0 --yes'));
  console.log(
    `lost of 14,000 at 1,000/s: ${nic}, Linux ${lab.kernel.name}: attach ${attaching}, replace ${replacing}, detach ${detaching}; late of 4,000 by random: ${chance.late}`,
  );
  expect(await status()).toBeUndefined();
  expect(await guest().run(SETTINGS)).toBe(before);
  await guest().run('echo 0 > /sys/class/net/eth0/queues/rx-0/rps_cpus');
  expect((await json('status')).verdict).toBe('nothing');
});

it('does the same in generic mode from Linux 5.15, and refuses before', async () => {
  const before = await guest().run(SETTINGS);
  const made = await spread('payload:0:0xffffffff', 'generic', '--with-program');
  if (lab.kernel.name === '5.10') {
    expect(made.error.code).toBe('kernel-too-old');
    return;
  }
  expect(made).toMatchObject({ changed: true, mode: 'generic' });
  await send(DATAGRAMS, 0);
  const { counts } = await readAll();
  expect(sum(counts)).toBe(DATAGRAMS);
  const found = await status();
  expect(found).toMatchObject({ arrived: DATAGRAMS, lost: 0 });
  expect(found?.counters.perCpu.map(({ arrived }) => arrived)).toEqual(counts);
  within(counts, DATAGRAMS);
  await json('xdp detach --iface eth0 --yes');
  expect(await guest().run(SETTINGS)).toBe(before);
});
