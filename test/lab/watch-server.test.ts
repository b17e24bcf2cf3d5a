/** A watcher of a tuned server, and every fault that others cause in it: what it reports, after which time, and whether the server has
 * a program and pins for its workers again. Prints a table. */
import { expect, inject, it } from 'vitest';
import { unpacked } from '../../scripts/debian/apt.ts';
import { foreign } from './machine/foreign.ts';
import { useGuest } from './machine/lab.ts';
import { startNginx } from './nginx.ts';
import {
  type Event,
  Faults,
  GROUP,
  PORT,
  repairOf,
  restored,
  SELECT,
  settingsOf,
  Watching,
} from './watching.ts';

const lab = inject('lab');
const workers = Math.min(lab.hardware.cpus, 4);

const ON_ALL_CPUS = `for irq in /sys/class/net/eth0/device/../msi_irqs/*
do echo ${((1 << workers) - 1).toString(16)} > /proc/irq/\${irq##*/}/smp_affinity || true; done`;

let master = 0;
let watching: Watching | null = null;
const guest = useGuest(async (each) => {
  // virtio starts with each interrupt set to its CPU, where it only moves with the first packet: then nothing is planned.
  if (lab.hardware.nic === 'virtio') await each.run(ON_ALL_CPUS);
  master = await startNginx(each, PORT, workers);
  await each.run(`locality-tune apply ${SELECT} --yes`, 800);
  watching = await Watching.start(each, `${SELECT} --repair all`);
});
const watcher = (): Watching => {
  if (watching === null) throw new Error('nobody watches');
  return watching;
};
const faults = new Faults(lab, guest, watcher);
const settings = () => settingsOf(guest(), master);

const children = async () =>
  (await guest().run(`cat /proc/${master}/task/${master}/children`)).trim().split(' ');
const reload = (count: number) => `file=$(tr '\\0' ' ' < /proc/${master}/cmdline | grep -o '/tmp[^ ]*conf')
sed -i 's/worker_processes [0-9]*/worker_processes ${count}/' $file && kill -HUP ${master}`;
const isProgram = repairOf('program');
const isGeneration = ({ kind }: Event) => kind === 'generation';

interface Inspected {
  readonly groups: readonly { readonly program: { readonly asm: string } | null; readonly size: number }[];
}

/** Slots that the program of each group chooses from, beyond those that the group has; null: it has no such program. */
async function excessSlots(): Promise<readonly (number | null)[]> {
  const { groups }: Inspected = JSON.parse(await guest().run(`locality-tune inspect ${SELECT} -j`, 400));
  return groups.map(({ program, size }) => {
    const modulus = /mod #(\d+)/.exec(program?.asm ?? '')?.[1];
    return modulus === undefined ? null : Number(modulus) - size;
  });
}

it('a server that is reloaded or loses a worker gets a program for its workers', async () => {
  const before = await settings();
  await faults.cause('reload, fewer workers', reload(workers / 2), isGeneration);
  expect((await watcher().next(isProgram)).subject).toBe(GROUP);
  await faults.cause('reload, more workers', reload(workers), isGeneration);
  await watcher().next(isProgram);
  expect(await excessSlots()).toEqual([0]);
  await restored(guest(), master, before);
  await faults.cause('reload, same workers', reload(workers), isGeneration);
  await restored(guest(), master, before);
  const [worker = ''] = await children();
  await faults.cause('worker killed', `kill -KILL ${worker}`, isGeneration);
  await restored(guest(), master, before);
  expect(await excessSlots()).toEqual([0]);
});

it('a program that somebody detaches is attached again', async () => {
  const before = await settings();
  const event = await faults.cause(
    'program detached',
    `python3 test/lab/detach.py ${master} ${PORT}`,
    isProgram,
  );
  expect(event).toMatchObject({ subject: GROUP, to: 'none', action: 'repaired' });
  expect(await excessSlots()).toEqual([0]);
  expect(await settings()).toBe(before);
});

it('a server that is restarted gets its program and pins again', async () => {
  const before = await settings();
  await faults.cause(
    'server stopped',
    `kill -QUIT ${master}; while test -e /proc/${master}; do sleep 0.2; done`,
    ({ kind, to }) => kind === 'group' && to === null,
  );
  master = await startNginx(guest(), PORT, workers);
  await faults.cause('server started', ':', isProgram);
  expect(await excessSlots()).toEqual([0]);
  await restored(guest(), master, before);
});

it('irqbalance is reported when it starts, and gets its list again after a restart', async () => {
  const before = await settings();
  const root = await unpacked({ suite: 'bookworm', packages: ['irqbalance'] }, (line) =>
    console.error(`lab: ${line}`),
  );
  const [loader, ...rest] = await foreign(root, 'irqbalance');
  const start = async () => {
    const daemon = guest().start(`exec /run/lab/irqbalance ${rest.join(' ')} --foreground`);
    await guest().run('until ls /run/irqbalance/*.sock; do sleep 0.2; done', 30);
    return daemon;
  };
  await guest().run(`mkdir -p /run/irqbalance && cp ${loader} /run/lab/irqbalance`);
  const daemon = await start();
  const isFinding = ({ kind, subject }: Event) =>
    kind === 'finding' && subject.startsWith('irqbalance-moves-irqs');
  await faults.cause('irqbalance started', ':', isFinding);
  await guest().run(`locality-tune apply ${SELECT} --yes`, 400);
  await daemon.end('SIGKILL');
  await guest().run('rm -f /run/irqbalance/*.sock');
  const again = await start();
  await faults.cause('irqbalance restarted', ':', repairOf('irqbalance'));
  await again.end('SIGKILL');
  await restored(guest(), master, before);
  expect(await watcher().end()).toBe(0);
});
