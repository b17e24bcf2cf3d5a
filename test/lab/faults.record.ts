/** What a tuned machine's operator is told after each thing that goes wrong in operation: the table in docs/lab.md. */
import { expect, it } from 'vitest';
import type { Finding } from '../../src/diagnose/types.ts';
import type { Group, Host } from '../../src/host/types.ts';
import type { Drift } from '../../src/tune/status.ts';
import { unpacked } from './machine/apt.ts';
import type { Program } from './machine/channel.ts';
import { foreign } from './machine/foreign.ts';
import { useGuest } from './machine/lab.ts';
import { startNginx } from './nginx.ts';

const PORT = 8080;
const SELECT = `--iface eth0 --port ${PORT}`;
const HARDWARE = { nic: 'igb', cpus: 8 } as const;
const { cpus } = HARDWARE;

const APPLY = `locality-tune apply ${SELECT} --yes -j`;

let master = 0;
const guest = useGuest(async (each) => {
  master = await startNginx(each, PORT, cpus);
  await each.run(APPLY, 400);
}, HARDWARE);

interface Inspected {
  readonly host: Host['machine'];
  readonly nics: Host['nics'];
  readonly groups: readonly Group[];
  readonly findings: readonly Finding[];
}

const inspect = async (): Promise<Inspected> =>
  JSON.parse(await guest().run(`locality-tune inspect ${SELECT} -j`));

/** The rules that have something to say. */
const rules = async () => (await inspect()).findings.map(({ rule }) => rule);

async function drift(): Promise<readonly Drift[]> {
  const { drift }: { drift: readonly Drift[] } = JSON.parse(
    await guest().run('locality-tune status -j || test $? = 1'),
  );
  return drift;
}

/** As `apply` leaves it; also what mends it after a fault. */
async function applied(): Promise<void> {
  await guest().run(APPLY, 400);
  expect(await drift()).toEqual([]);
}

const children = async () =>
  (await guest().run(`cat /proc/${master}/task/${master}/children`)).trim().split(' ');

async function workersAre(count: number): Promise<void> {
  await expect.poll(async () => (await children()).length, { timeout: 60_000, interval: 500 }).toBe(count);
}

it('bpftrace killed: measure says so and ends, nothing else has changed', async () => {
  const measure = guest().start('exec locality-tune measure skb -i 1 -j');
  await measure.line();
  await guest().run("pkill -KILL -f '[/]bpftrace -'");
  const { code, stdout } = await measure.ended();
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  expect(code).toBe(1);
  expect(JSON.parse(last)).toMatchObject({ error: { code: 'bpftrace-killed' } });
  expect(await drift()).toEqual([]);
});

it('worker killed: nobody serves its slot until the master has another one', async () => {
  const usual = await rules();
  const [worker = ''] = await children();
  await guest().run(`kill -STOP ${master} && kill -KILL ${worker}`);
  expect(await rules()).toContain('slot-unserved');
  await guest().run(`kill -CONT ${master}`);
  await workersAre(cpus);
  expect(await children()).not.toContain(worker);
  expect(await rules()).toEqual(usual);
  expect(await drift()).toEqual([]);
});

it('nginx reloaded with half of its workers: the program goes beyond the group', async () => {
  const reload = async (workers: number) => {
    await guest().run(`file=$(tr '\\0' ' ' < /proc/${master}/cmdline | grep -o '/tmp[^ ]*conf')
sed -i 's/worker_processes [0-9]*/worker_processes ${workers}/' $file && kill -HUP ${master}`);
    await workersAre(workers);
  };
  const usual = await rules();
  await reload(cpus / 2);
  expect(await rules()).toContain('program-exceeds-group');
  await reload(cpus);
  expect(await rules()).toEqual(usual);
  expect(await drift()).toEqual([]);
});

it('NIC down: its IRQs have gone; up again: all is as it was set', async () => {
  await guest().run('ip link set eth0 down');
  const gone = (await drift()).filter(({ subject }) => subject.startsWith('irq '));
  expect(gone).not.toEqual([]);
  for (const { is, likely } of gone)
    expect({ is, likely }).toEqual({ is: null, likely: expect.stringMatching(/eth0 is down/) });
  expect((await inspect()).nics[0]?.state).toBe('down');
  await guest().run('ip link set eth0 up');
  expect(await drift()).toEqual([]);
});

it('fewer channels: affinities and XPS have drifted, workers are without a queue', async () => {
  await guest().run(`ethtool -L eth0 combined ${cpus / 2}`);
  const drifted = await drift();
  expect(drifted.filter(({ is }) => is === null).length).toBeGreaterThanOrEqual(cpus / 2);
  expect(await rules()).toEqual(
    expect.arrayContaining(['more-workers-than-queues', 'program-starves-slots']),
  );
  await guest().run(`ethtool -L eth0 combined ${cpus}`);
  await applied();
});

it('CPU taken offline: its queue is received elsewhere, its worker is free to go', async () => {
  const cpu = cpus - 1;
  const irq = (await inspect()).nics[0]?.irqs.find(({ affinity }) => affinity?.join() === `${cpu}`)?.irq;
  expect(irq).toBeDefined();
  await guest().run(`echo 0 > /sys/devices/system/cpu/cpu${cpu}/online`);
  expect((await drift()).map(({ subject }) => subject.split(' (')[0])).toContain(`irq ${irq}`);
  const { host, findings } = await inspect();
  expect(host.cpus.online).not.toContain(cpu);
  expect(findings.map(({ rule }) => rule)).toContain('worker-not-pinned');
  await guest().run(`echo 1 > /sys/devices/system/cpu/cpu${cpu}/online`);
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

it('irqbalance started: it may move the IRQs, till it is told; restarted, it has forgotten', async () => {
  const daemon = await startIrqbalance();
  expect(await rules()).toContain('irqbalance-moves-irqs');
  await applied();
  await daemon.end('SIGKILL');
  await guest().run('rm /run/irqbalance/*.sock');
  const restarted = await startIrqbalance();
  expect((await drift()).find(({ subject }) => subject === 'irqbalance')?.likely).toMatch(/was restarted/);
  await restarted.end('SIGKILL');
});
