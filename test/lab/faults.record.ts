/**
 * What a tuned machine's operator sees after each fault in operation, in `inspect`, `status` and the live view: the
 * table in docs/lab.md.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unpacked } from '../../scripts/debian/apt.ts';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Group, Host } from '../../src/host/types.ts';
import type { Drift } from '../../src/tune/status.ts';
import type { Program } from './machine/channel.ts';
import { foreign } from './machine/foreign.ts';
import { useGuest } from './machine/lab.ts';
import { startMeasure } from './measure.ts';
import { startNginx } from './nginx.ts';
import { openView, type View } from './view.ts';

const PORT = 8080;
const SELECT = `--iface eth0 --port ${PORT}`;
const HARDWARE = { nic: 'igb', cpus: 8 } as const;
const { cpus } = HARDWARE;

const APPLY = `locality-tune apply ${SELECT} --yes -j`;
const FAULT_SECONDS = 900;

let master = 0;
let view: View | null = null;
const guest = useGuest(async (each) => {
  master = await startNginx(each, PORT, cpus);
  // From here on each queue has a CPU of its own to lose.
  await each.run(
    'for irq in $(ls /sys/class/net/eth0/device/msi_irqs); do echo 0 > /proc/irq/$irq/smp_affinity_list; done',
  );
  await each.run(APPLY, 400);
  // Open all the time, on its events, as an operator would have it.
  view = openView(each, SELECT);
  await view.press('7');
}, HARDWARE);

beforeAll(() => told(/7 events/));
afterAll(() => view?.close());

interface Inspected {
  readonly host: Host['machine'];
  readonly nics: Host['nics'];
  readonly groups: readonly Group[];
  readonly findings: readonly Finding[];
}

const inspect = async (): Promise<Inspected> =>
  JSON.parse(await guest().run(`locality-tune inspect ${SELECT} -j`, 300));

/** The rules that have something to say. */
const rules = async () => (await inspect()).findings.map(({ rule }) => rule);

async function drift(): Promise<readonly Drift[]> {
  const { drift }: { drift: readonly Drift[] } = JSON.parse(
    await guest().run('locality-tune status -j || test $? = 1'),
  );
  return drift;
}

/** As `apply` leaves it; also restores it after a fault. An irqbalance that scans takes its time to answer. */
async function applied(): Promise<void> {
  await guest().run(APPLY, 400);
  await expect.poll(drift, { timeout: 120_000, interval: 2_000 }).toEqual([]);
}

/** What the live view says, on the pane of events or in its last line. */
async function told(what: RegExp): Promise<void> {
  if (view === null) throw new Error('no view is open');
  await view.until(what, 240);
}

const children = async () =>
  (await guest().run(`cat /proc/${master}/task/${master}/children`)).trim().split(' ');

async function workersAre(count: number): Promise<void> {
  await expect.poll(async () => (await children()).length, { timeout: 60_000, interval: 500 }).toBe(count);
}

it('bpftrace killed: measure says so and ends, the view starts it again, nothing else has changed', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  const measure = await startMeasure(guest(), 'skb');
  await guest().run("pkill -KILL -f '[/]bpftrace -'");
  const { code, stdout } = await measure.program.ended();
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  expect(code).toBe(1);
  expect(JSON.parse(last)).toMatchObject({ error: { code: 'bpftrace-killed' } });
  await told(/probe: .*tried again in/);
  expect(await drift()).toEqual([]);
});

it('worker killed: nobody serves its slot until the master has another one', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  const usual = await rules();
  const [worker = ''] = await children();
  await guest().run(`kill -STOP ${master} && kill -KILL ${worker}`);
  expect(await rules()).toContain('slot-unserved');
  await told(new RegExp(`nginx ${worker}\\): now served by no process`));
  await guest().run(`kill -CONT ${master}`);
  await workersAre(cpus);
  expect(await children()).not.toContain(worker);
  await told(/\(no process\): now served by nginx \d+/);
  expect(await rules()).toEqual(usual);
  expect(await drift()).toEqual([]);
});

it('nginx reloaded with half of its workers: the program goes beyond the group', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  const reload = async (workers: number) => {
    await guest().run(`file=$(tr '\\0' ' ' < /proc/${master}/cmdline | grep -o '/tmp[^ ]*conf')
sed -i 's/worker_processes [0-9]*/worker_processes ${workers}/' $file && kill -HUP ${master}`);
    await workersAre(workers);
  };
  const usual = await rules();
  await reload(cpus / 2);
  expect(await rules()).toEqual(
    expect.arrayContaining(['program-exceeds-group', 'fewer-workers-than-queues']),
  );
  await told(new RegExp(`:${PORT}: ${cpus} -> ${cpus / 2} sockets`));
  await reload(cpus);
  await told(new RegExp(`:${PORT}: ${cpus / 2} -> ${cpus} sockets`));
  expect(await rules()).toEqual(usual);
  expect(await drift()).toEqual([]);
});

it('NIC down: its IRQs have gone; up again: all is as it was set', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  await guest().run('ip link set eth0 down');
  const gone = (await drift()).filter(({ subject }) => subject.startsWith('irq '));
  expect(gone).not.toEqual([]);
  for (const { is, likely } of gone)
    expect({ is, likely }).toEqual({ is: null, likely: expect.stringMatching(/eth0 is down/) });
  expect((await inspect()).nics[0]?.state).toBe('down');
  await told(/eth0: state up -> down/);
  await guest().run('ip link set eth0 up');
  await told(/eth0: state down -> up/);
  expect(await drift()).toEqual([]);
});

it('fewer channels: affinities and XPS have drifted, workers are without a queue', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  await guest().run(`ethtool -L eth0 combined ${cpus / 2}`);
  const drifted = await drift();
  // The IRQs and the XPS of the queues that are gone.
  expect(drifted.filter(({ is }) => is === null).length).toBeGreaterThanOrEqual(cpus);
  expect(await rules()).toEqual(
    expect.arrayContaining(['more-workers-than-queues', 'program-starves-slots']),
  );
  await told(new RegExp(`eth0: rx queues ${cpus} -> ${cpus / 2}`));
  await guest().run(`ethtool -L eth0 combined ${cpus}`);
  expect(await drift()).not.toEqual([]);
  await applied();
});

it('CPU taken offline: its queue is received elsewhere, its worker gets nothing', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  const cpu = cpus - 1;
  const irq = (await inspect()).nics[0]?.irqs.find(({ affinity }) => affinity?.join() === `${cpu}`)?.irq;
  expect(irq).toBeDefined();
  await guest().run(`echo 0 > /sys/devices/system/cpu/cpu${cpu}/online`);
  expect(await drift()).toEqual([
    expect.objectContaining({
      subject: expect.stringMatching(`^irq ${irq} `),
      likely: expect.stringContaining('offline'),
    }),
  ]);
  const { host, findings } = await inspect();
  expect(host.cpus.online).not.toContain(cpu);
  expect(findings.map(({ rule }) => rule)).toContain('program-starves-slots');
  await told(new RegExp(`CPU ${cpu} went offline`));
  await guest().run(`echo 1 > /sys/devices/system/cpu/cpu${cpu}/online`);
  await told(new RegExp(`CPU ${cpu} came online`));
  await applied();
});

/** Its name is that of the file that was executed, and so the loader's, which is copied to have it. */
async function startIrqbalance(): Promise<Program> {
  const root = await unpacked({ suite: 'bookworm', packages: ['irqbalance'] }, (line) =>
    console.error(`lab: ${line}`),
  );
  const [loader, ...rest] = await foreign(root, 'irqbalance');
  await guest().run(`mkdir -p /run/irqbalance && cp ${loader} /run/lab/irqbalance`);
  const daemon = guest().start(`exec /run/lab/irqbalance ${rest.join(' ')} --foreground`);
  await guest().run('until ls /run/irqbalance/*.sock; do sleep 0.2; done', 30);
  return daemon;
}

it('irqbalance started: it may move the IRQs, till it is told; restarted, it has forgotten', {
  timeout: 1000 * FAULT_SECONDS,
}, async () => {
  const daemon = await startIrqbalance();
  expect(await rules()).toContain('irqbalance-moves-irqs');
  await told(/irqbalance was started/);
  await applied();
  await daemon.end('SIGKILL');
  await guest().run('rm /run/irqbalance/*.sock');
  await told(/irqbalance has ended/);
  const restarted = await startIrqbalance();
  expect((await drift()).find(({ subject }) => subject === 'irqbalance')?.likely).toMatch(/was restarted/);
  await restarted.end('SIGKILL');
});
