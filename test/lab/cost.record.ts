/**
 * What each probe costs a packet, in instructions of the guest: with one CPU and `-icount shift=0` its clock counts
 * them, regardless of other load on the host. `npm run lab -- --kernel 6.12 cost` writes docs/probe-cost.md.
 */
import { expect, inject, it } from 'vitest';
import { SCRIPTS } from '../../probes/scripts.ts';
import { emptied, MAP_PORT_KEYS, mapPort } from '../bench/probes/programs.ts';
import type { Program } from './machine/channel.ts';
import { useGuest } from './machine/lab.ts';
import { circumstances, markdown, writeSection } from './record.ts';

const WORKLOADS = {
  udp: 'UDP over lo, received',
  tcp: 'TCP over lo, both ways',
  tap: 'UDP by tap, both ways',
};
type Workload = keyof typeof WORKLOADS;
type Costs = Readonly<Record<Workload, number>>;
const NAMES: readonly Workload[] = ['udp', 'tcp', 'tap'];
const BATCHES = 100;
const BATCH = 100;

const { kernel } = inject('lab');
const MECHANISMS: readonly string[] =
  kernel.name === '6.1' ? ['kfunc', 'kprobe'] : ['fentry', 'kprobe', 'rawtracepoint', 'tracepoint'];

let load: Program;
const guest = useGuest(
  async (each) => {
    await each.run('modprobe tun', 300);
    load = each.start(
      `exec python3 test/bench/probes/packets.py 0 ${BATCHES} ${BATCH} 100000 ${NAMES.join(' ')}`,
    );
  },
  { cpus: 1, nic: 'virtio', exact: true },
);

/** Of the batches, the one in the middle: interrupts and other programs come into fewer than half of them. */
async function costs(): Promise<Costs> {
  load.write('\n');
  const batches = await load.json<Record<Workload, number[]>>();
  const middle = (name: Workload) => batches[name].sort((a, b) => a - b)[BATCHES / 2] ?? Number.NaN;
  return { udp: middle('udp'), tcp: middle('tcp'), tap: middle('tap') };
}

/** While `command` counts. It has begun when it prints its first line. */
async function under(command: string): Promise<Costs> {
  const probe = guest().start(`exec ${command}`);
  await probe.line();
  const result = await costs();
  expect((await probe.end()).code).toBe(0);
  return result;
}

async function bpftrace(name: string, program: string, keys: number): Promise<Costs> {
  const file = `/tmp/${name}.bt`;
  await guest().run(`cat > ${file} <<'end-of-probe'\n${program}\nend-of-probe`);
  return under(
    `env BPFTRACE_MAP_KEYS_MAX=${keys} BPFTRACE_MAX_MAP_KEYS=${keys} bpftrace -B line ${file} 0 0 ""`,
  );
}

/** The words below the title are the page's own. */
const INTRO = '# What a probe costs\n';
const HEAD = ['', ...NAMES.map((name) => WORKLOADS[name])];
/** Instructions a packet that a probe adds. */
const added = (cost: Costs, none: Costs): Costs => ({
  udp: cost.udp - none.udp,
  tcp: cost.tcp - none.tcp,
  tap: cost.tap - none.tap,
});
const signed = (count: number) => `${count < 0 ? '-' : '+'}${Math.abs(count).toFixed(0)}`;

it('counts what each probe adds to a packet', { timeout: 3_600_000 }, async () => {
  const none = await costs();
  const rows = [['no probe', ...NAMES.map((name) => none[name].toFixed(0))]];
  const count = async (what: string, counting: Promise<Costs>): Promise<Costs> => {
    const cost = await counting;
    console.log(what, JSON.stringify(cost));
    return added(cost, none);
  };
  const row = (what: string, cost: Costs, remark = (_: Workload) => '') =>
    rows.push([what, ...NAMES.map((name) => `${signed(cost[name])}${remark(name)}`)]);
  console.log('none', JSON.stringify(none));
  for (const mechanism of MECHANISMS) {
    const variant = mechanism === 'kfunc' ? 'fentry' : mechanism;
    const probe = SCRIPTS.get(`skb.${mechanism}.bt`) ?? '';
    const named = (what: string) => `${variant}: ${what}`;
    const empty = await count(named('empty'), bpftrace(`empty-${variant}`, emptied(probe), 4_096));
    const ours = await count(named('ours'), under(`locality-tune measure skb -j --variant ${variant}`));
    const port = await count(named('map port'), bpftrace(`map-${variant}`, mapPort(variant), MAP_PORT_KEYS));
    row(named('empty'), empty);
    row(
      named('ours'),
      ours,
      (name) => ` (${(ours[name] / empty[name]).toFixed(1)}; ${(ours[name] / port[name]).toFixed(2)})`,
    );
    row(named('map port'), port);
  }
  const again = await costs();
  console.log('again', JSON.stringify(again));
  row('no probe, again', added(again, none));
  const text = `${await circumstances(guest())}\n\n${markdown(HEAD, rows)}`;
  writeSection('probe-cost.md', INTRO, `Linux ${kernel.name}`, text);
  // What the last probe left behind costs next to nothing.
  for (const name of NAMES) expect(Math.abs(again[name] / none[name] - 1)).toBeLessThan(0.003);
});
