/**
 * One 4-tuple from outside, and `xdp spread` in the guest: every datagram is counted by the program, by the entry of its
 * CPU and by the reader there. What is lost while attaching and detaching is counted and printed, not judged.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, inject, it } from 'vitest';
import { formatSpread } from '../../src/xdp/spread.ts';
import { change } from '../tune/lab.ts';
import { SPREAD } from '../xdp/situations.ts';
import type { Program } from './machine/channel.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';
import { startMeasure } from './measure.ts';

const lab = inject('lab');
const { cpus, nic } = lab.hardware;
const PORT = 4_000;
const DATAGRAMS = 4_000;
const RATE = 1_500;
const SETTINGS =
  "grep -rE . /sys/class/net/eth0/queues --include=[rx]ps_* | sort; ethtool -k eth0; ethtool -l eth0; for irq in $(grep -E 'eth0|put' /proc/interrupts | cut -d: -f1); do cat /proc/irq/$irq/smp_affinity_list; done";

interface Read {
  readonly counts: readonly number[];
  readonly late: number;
}

interface Row {
  readonly packets: number;
  readonly local: number;
}

/** `rx` of `measure skb`, `sockets` of `measure udp`. */
interface Measured {
  readonly rx?: Row;
  readonly sockets?: readonly Row[];
  readonly notes: readonly string[];
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
// Without an indirection table: QEMU stalls with one, and a single 4-tuple does not need it.
const guest = useGuest(
  async (each) => {
    readers = each.start(
      `exec python3 test/lab/xdp-workers.py ${PORT} ${Array.from({ length: cpus }, (_, cpu) => cpu).join(' ')}`,
    );
    await readers.line();
  },
  { rss: false },
);

// Of a test that failed.
afterEach(() => guest().run('locality-tune xdp detach --iface eth0 --yes || true', 400));

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

async function read(): Promise<Read> {
  readers.write('\n');
  return readers.json<Read>();
}

/** What is read until nothing more comes. @param expected after so many, it is enough to look once more */
async function readAll(expected = Number.POSITIVE_INFINITY): Promise<Read> {
  const all: Read[] = [];
  let total = 0;
  // An emulated machine may not come to read for seconds.
  for (let quiet = 0; quiet < (total < expected ? 6 : 1); ) {
    await sleep(1_000);
    const next = await read();
    all.push(next);
    quiet = sum(next.counts) === 0 ? quiet + 1 : 0;
    total += sum(next.counts);
  }
  return {
    counts: Array.from({ length: cpus }, (_, cpu) => sum(all.map(({ counts }) => counts[cpu] ?? 0))),
    late: sum(all.map(({ late }) => late)),
  };
}

/** @param count datagrams, or a file whose appearance ends it @param flows 0: each datagram is one */
const send = (count: number | string, flows: number, by: string, rate = RATE) =>
  guest().outside(`python3 test/lab/xdp-source.py ${INSIDE} ${PORT} ${count} ${flows} ${rate} ${by}`);

async function sent(flows: number, by = 'payload'): Promise<Read> {
  await send(DATAGRAMS, flows, by);
  return readAll(DATAGRAMS);
}

const json = async (args: string) => JSON.parse(await guest().run(`locality-tune ${args} -j || true`, 400));
const status = async (): Promise<Interface | undefined> =>
  (await json('xdp status --iface eth0')).interfaces[0];

/** Sends one 4-tuple at 1,000/s before, during and after `act`, and counts what is lost. */
async function lostDuring<T>(act: () => Promise<T>): Promise<{ readonly lost: string; readonly made: T }> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-xdp-'));
  try {
    const stop = join(folder, 'stop');
    const sending = send(stop, 0, 'payload', 1_000);
    await sleep(3_000);
    const made = await act();
    // A link that went down is up again by then.
    await sleep(6_000);
    await writeFile(stop, '');
    const count = Number(await sending);
    return { lost: `${count - sum((await readAll()).counts)} of ${count}`, made };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const within = (counts: readonly number[], total: number) => {
  const share = 1 / cpus;
  const error = Math.sqrt(total * share * (1 - share));
  for (const count of counts) expect(Math.abs(count - total * share)).toBeLessThanOrEqual(4 * error);
};

const spread = async (by: string, mode: string, more = '', port = `${PORT}`) => {
  const made = await json(`xdp spread --iface eth0 --port ${port} --by ${by} --mode ${mode} --yes ${more}`);
  expect(made.error).toBeUndefined();
  return made;
};

/** Each datagram of its own flow: to the packet on each CPU, counted there, and read by the worker there. */
async function exactly(by: string): Promise<void> {
  const start = await status();
  const { counts } = await sent(0, by);
  const found = await status();
  expect(sum(counts)).toBe(DATAGRAMS);
  expect((found?.counters.spread ?? 0) - (start?.counters.spread ?? 0)).toBe(DATAGRAMS);
  expect(found).toMatchObject({ lost: 0, warnings: [] });
  // Counted by the program of the map's entry on each CPU.
  const arrived = found?.counters.perCpu.map(
    (each, at) => each.arrived - (start?.counters.perCpu[at]?.arrived ?? 0),
  );
  expect(counts).toEqual(arrived);
  within(counts, DATAGRAMS);
}

/**
 * Datagrams that a measurement takes for local while each is read on the CPU that XDP chose; it says what that means. null
 * where the kernel does not note where a packet's memory was allocated.
 */
async function takenForLocal(what: 'skb' | 'udp'): Promise<number | null> {
  if (lab.kernel.name === '5.10') return null;
  const { program } = await startMeasure(guest(), `${what} --port ${PORT}`);
  await sent(0);
  const lines: readonly Measured[] = (await program.end()).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { notes } of lines) expect(notes.join()).toContain('(a CPU map)');
  const rows = lines.flatMap(({ rx, sockets }) => (rx === undefined ? (sockets ?? []) : [rx]));
  expect({ what, read: sum(rows.map(({ packets }) => packets)) }).toEqual({ what, read: DATAGRAMS });
  return sum(rows.map(({ local }) => local));
}

/** 64 flows: every datagram is read, and none after a later one of its flow. */
async function inOrder(by: string): Promise<void> {
  const { counts, late } = await sent(64, by);
  expect({ by, read: sum(counts), late }).toEqual({ by, read: DATAGRAMS, late: 0 });
}

it('has programs that this kernel loads, and knows by our tags', async () => {
  const { loaded, unknown } = JSON.parse(await guest().run('node test/xdp/load-all.ts', 300));
  expect(loaded).toBeGreaterThan(8);
  expect(unknown).toEqual([]);
});

it("refuses a large MTU in native mode, in the kernel's words, and changes nothing", async () => {
  const before = await guest().run(SETTINGS);
  await guest().run('ip link set eth0 mtu 9000');
  const { error } = await json(
    `xdp spread --iface eth0 --port ${PORT} --by flow --cpus 0 --mode native --yes`,
  );
  await guest().run('ip link set eth0 mtu 1500');
  expect(error.message).toMatch(/the kernel says: .*(MTU|buffer)|EINVAL/);
  expect(error.message).toContain('everything is as before');
  expect(await status()).toBeUndefined();
  expect(await guest().run(SETTINGS)).toBe(before);
  // The link is up again.
  await sleep(4_000);
});

it('fills one CPU without it', async () => {
  const { counts } = await sent(0);
  expect(counts.filter((count) => count > 0)).toEqual([DATAGRAMS]);
});

it('spreads one 4-tuple over all CPUs in native mode, to the worker on each, in order, and is undone', async () => {
  await guest().run('ethtool -K eth0 rxvlan on; echo 3 > /sys/class/net/eth0/queues/rx-0/rps_cpus');
  const before = await guest().run(SETTINGS);
  const { lost: attaching, made } = await lostDuring(() =>
    spread('payload:0:0xffffffff', 'native', '--with-program'),
  );
  expect(made.warnings.join()).toContain(
    nic === 'igb' ? 'takes the link of eth0 down and up' : '`ethtool -L eth0` fails',
  );
  expect(made).toMatchObject({
    changed: true,
    mode: 'native',
    cpus: Array.from({ length: cpus }, (_, cpu) => cpu),
  });
  await exactly('payload');
  await inOrder('payload');
  expect((await takenForLocal('skb')) ?? DATAGRAMS).toBe(DATAGRAMS);

  const { lost: replacing } = await lostDuring(() => spread('quic:8', 'native'));
  await exactly('quic');
  await inOrder('quic');
  await spread('inner', 'native', '', `${PORT}:vxlan`);
  await exactly('inner');
  await inOrder('inner');
  await spread('flow', 'native');
  await inOrder('flow');
  await spread('random', 'native');
  const chance = await sent(64);
  expect(sum(chance.counts)).toBe(DATAGRAMS);
  within(chance.counts, DATAGRAMS);

  const { lost: detaching, made: undone } = await lostDuring(() => json('xdp detach --iface eth0 --yes'));
  console.log(`| ${nic}, ${lab.kernel.name}, ${cpus} CPUs | ${attaching} | ${replacing} | ${detaching} |`);
  console.log(`late of ${DATAGRAMS} by random: ${chance.late}`);
  expect(await status()).toBeUndefined();
  expect(await guest().run(SETTINGS)).toBe(before);
  await guest().run('echo 0 > /sys/class/net/eth0/queues/rx-0/rps_cpus');
  expect(undone.journals.flatMap(({ skipped }: { skipped: unknown[] }) => skipped)).toEqual([]);
  expect(await json('status')).toMatchObject({ verdict: 'nothing', drift: [] });
});

it('does the same in generic mode from Linux 5.15, and refuses before', async () => {
  const before = await guest().run(SETTINGS);
  if (lab.kernel.name === '5.10') {
    const { error } = await json(
      `xdp spread --iface eth0 --port ${PORT} --by payload:0:0xffffffff --cpus 0-1 --mode generic --yes`,
    );
    expect(error.code).toBe('kernel-too-old');
    // Nor by a plan that somebody has written, or saved on another kernel.
    const text = formatSpread({ ...SPREAD, mode: 'generic' });
    const changes = [change({ kind: 'xdp', nic: 'eth0' }, text)];
    await guest().run(
      `cat > /run/saved.json <<'END'\n${JSON.stringify({ schema: 'locality-tune.saved/1', changes })}\nEND`,
    );
    expect(await json('apply --saved /run/saved.json --yes')).toMatchObject({
      journal: null,
      failed: [{ code: 'kernel-too-old' }],
    });
    expect(await guest().run(SETTINGS)).toBe(before);
    return;
  }
  const { lost: attaching, made } = await lostDuring(() =>
    spread('payload:0:0xffffffff', 'generic', '--with-program'),
  );
  expect(made.mode).toBe('generic');
  await exactly('payload');
  await inOrder('payload');
  // By where they were allocated, only those for the one CPU that receives all.
  const allocated = (await takenForLocal('skb')) ?? DATAGRAMS / cpus;
  within(Array(cpus).fill(allocated), DATAGRAMS);
  expect(await takenForLocal('udp')).toBe(DATAGRAMS);
  const { lost: detaching } = await lostDuring(() => json('xdp detach --iface eth0 --yes'));
  console.log(`| ${nic}, ${lab.kernel.name}, ${cpus} CPUs, generic | ${attaching} | - | ${detaching} |`);
  expect(await guest().run(SETTINGS)).toBe(before);
});

// Attaching to virtio is over before anybody could look.
if (nic === 'igb')
  it('killed while the kernel attaches, is taken back', async () => {
    const before = await guest().run(SETTINGS);
    const kill = async (who: 'child' | 'parent') => {
      const args = `xdp spread --iface eth0 --port ${PORT} --by flow --cpus 0-1 --mode native`;
      return JSON.parse(await guest().run(`node test/lab/kill-attach.ts ${who} ${args}`, 400));
    };
    expect(await kill('child')).toEqual({ caught: true, code: 'killed', attached: 0 });
    expect(await kill('parent')).toEqual({ caught: true, code: null, attached: 0 });
    expect(await guest().run(SETTINGS)).toBe(before);
    expect(await json('status')).toMatchObject({ verdict: 'nothing', drift: [] });
  });

it('works in a kernel in lockdown', async () => {
  const mounted = 'mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security';
  const mode = await guest().run(
    `${mounted}; echo confidentiality > /sys/kernel/security/lockdown; cat /sys/kernel/security/lockdown`,
  );
  expect(mode).toContain('[confidentiality]');
  const made = await json(`xdp spread --iface eth0 --port ${PORT} --by flow --cpus 0-1 --mode native --yes`);
  expect(made).toMatchObject({ changed: true });
  expect((await json('xdp detach --iface eth0 --yes')).detached).toBe(true);
});
