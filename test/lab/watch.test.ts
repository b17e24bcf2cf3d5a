/** A watcher on a tuned machine, and every fault that others cause in its settings: what it reports, of whom, after which time, and
 * whether the machine is as before once it has repaired it. Prints a table. */
import { expect, inject, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';
import { startNginx } from './nginx.ts';
import { hasChannels, hasTable } from './nics.ts';
import {
  type Event,
  Faults,
  PORT,
  QUEUES,
  repairOf,
  restored,
  SELECT,
  settingsOf,
  Watching,
} from './watching.ts';

const lab = inject('lab');
const workers = Math.min(lab.hardware.cpus, 8);
/** ethtool netlink has messages about RSS since Linux 6.17; a driver says nothing before. */
const RSS_IS_REPORTED = lab.kernel.name === '7.2';

/** So that a plan changes all that is changed behind its back later. */
const SPOIL = `echo ${((1 << workers) - 1).toString(16)} > ${QUEUES}/rx-1/rps_cpus; echo 0 > ${QUEUES}/tx-1/xps_cpus${
  hasTable(lab) ? '; ethtool -X eth0 equal 1' : ''
}${hasChannels(lab) ? `; ethtool -L eth0 combined ${workers / 2}` : ''}`;

let master = 0;
let watching: Watching | null = null;
const guest = useGuest(async (each) => {
  master = await startNginx(each, PORT, workers);
  await each.run(SPOIL);
  await each.run(`locality-tune apply ${SELECT} --yes`, 800);
  const { settings }: { readonly settings: readonly { readonly kind: string }[] } = JSON.parse(
    await each.run(`locality-tune watch ${SELECT} --once -j`, 200),
  );
  const changed = [
    ...['irq', 'xps', 'rps', 'program'],
    ...(hasTable(lab) ? ['rss'] : []),
    ...(hasChannels(lab) ? ['channels'] : []),
  ];
  expect(settings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(changed));
  watching = await Watching.start(each, `${SELECT} --repair all`);
});
const watcher = (): Watching => {
  if (watching === null) throw new Error('nobody watches');
  return watching;
};
const faults = new Faults(lab, guest, watcher);
const settings = () => settingsOf(guest(), master);

/** Another value than it has; the process lives on for a moment, so that it can be asked for its name. */
const writes = (file: string) =>
  `sh -c 'grep -qE "^[0,]*1$" ${file} && x=2 || x=1; echo $x > ${file}; sleep 1; :'`;

interface Inspected {
  readonly nics: readonly {
    readonly irqs: readonly {
      readonly irq: number;
      readonly role: string;
      readonly queues: readonly number[];
    }[];
  }[];
}

async function irqOf(queue: number): Promise<number> {
  const { nics }: Inspected = JSON.parse(
    await guest().run('locality-tune inspect --iface eth0 --no-slots -j', 200),
  );
  const found = nics[0]?.irqs.find(({ role, queues }) => role !== 'tx' && queues.includes(queue));
  if (found === undefined) throw new Error(`no interrupt of queue ${queue}`);
  return found.irq;
}

it('a process that writes affinities, RPS and XPS is named, and undone', async () => {
  const before = await settings();
  const irq = await irqOf(1);
  const files = {
    smp_affinity: [`/proc/irq/${irq}/smp_affinity`, 'irq'],
    smp_affinity_list: [`/proc/irq/${irq}/smp_affinity_list`, 'irq'],
    rps_cpus: [`${QUEUES}/rx-1/rps_cpus`, 'rps'],
    xps_cpus: [`${QUEUES}/tx-1/xps_cpus`, 'xps'],
  } as const;
  for (const [name, [file, kind]] of Object.entries(files)) {
    const event = await faults.cause(name, writes(file), repairOf(kind));
    expect(event).toMatchObject({ by: { comm: 'sh' }, action: 'repaired' });
    await restored(guest(), master, before);
  }
});

it('a link that goes down and up keeps what was applied', async () => {
  const before = await settings();
  await faults.cause(
    'link down',
    'ip link set eth0 down',
    ({ kind, to }) => kind === 'link' && to === 'down',
  );
  await faults.cause('link up', `ip link set eth0 up`, ({ kind, to }) => kind === 'link' && to !== 'down');
  await restored(guest(), master, before);
});

it('channels and table are restored after ethtool -L and -X', async () => {
  const before = await settings();
  const changes = 'ethtool -L eth0 combined 1';
  if (hasChannels(lab)) {
    const isChange = ({ kind, action }: Event) => kind === 'channels' && action !== 'none';
    const event = await faults.cause('ethtool -L', changes, isChange);
    expect(event).toMatchObject({ cause: 'its channels were changed', by: null, action: 'repaired' });
    await restored(guest(), master, before);
  } else await faults.refused('ethtool -L', changes);
  const spreads = 'ethtool -X eth0 equal 1';
  if (hasTable(lab)) {
    // What happens within 5 s after a change of channels is put down to that, and the repair was one.
    await guest().run('sleep 6');
    const event = await faults.cause('ethtool -X', spreads, ({ kind }) => kind === 'rss');
    expect(event.cause).toBe(
      RSS_IS_REPORTED ? 'its RSS table or key was changed' : 'not known: the kernel reports no such change',
    );
    await restored(guest(), master, before);
  } else await faults.refused('ethtool -X', spreads);
});

it('a CPU that goes offline and comes back gets its interrupt back', async () => {
  const before = await settings();
  const cpu = `/sys/devices/system/cpu/cpu${workers - 1}/online`;
  const isMoved = ({ kind }: Event) => kind === 'irq' || kind === 'finding';
  const event = await faults.cause('CPU offline', `echo 0 > ${cpu}`, isMoved);
  // virtio sets interrupts itself: those that nobody had to set are watched by findings only.
  expect(event.kind === 'irq' || lab.hardware.nic === 'virtio').toBe(true);
  if (event.kind === 'irq') expect(event.cause).toBe(`CPU ${workers - 1} went offline`);
  await guest().run(`echo 1 > ${cpu}`);
  await restored(guest(), master, before);
});

it('an interface that is removed and found again gets its settings again', async () => {
  const before = await settings();
  const gone = ({ kind, to }: Event) => kind === 'link' && to === null;
  await faults.cause(
    'interface gone',
    'echo 1 > $(realpath /sys/class/net/eth0/device | sed s,/virtio[0-9]*$,,)/remove',
    gone,
  );
  const back = `echo 1 > /sys/bus/pci/rescan; until ip link set eth0 up; do sleep 0.2; done; ip addr add ${INSIDE}/24 dev eth0`;
  await faults.cause('interface back', back, ({ kind, from }) => kind === 'link' && from === null);
  await restored(guest(), master, before);
});

it('a network namespace that is deleted ends its watcher', async () => {
  await guest().run(
    'ip netns add gone; ip -n gone link add v0 type veth peer name v1; ip -n gone link set v0 up',
  );
  const outer = watching;
  watching = await Watching.start(guest(), '--netns gone --baseline now');
  const isGone = ({ subject }: Event) => subject === 'network namespace gone';
  const event = await faults.cause('network namespace gone', 'ip netns del gone', isGone);
  expect(event).toMatchObject({ kind: 'link', to: null });
  expect(await watching.end()).toBe(1);
  watching = outer;
});

it('writes nothing with --repair none', async () => {
  await watcher().end();
  watching = await Watching.start(guest(), `${SELECT} --repair none`);
  const journals = () => guest().run('ls -l --full-time /var/lib/locality-tune/journals');
  const irq = await irqOf(1);
  const before = await journals();
  const isQuiet = (kind: string) => (event: Event) => event.kind === kind && event.action === 'none';
  await faults.cause('smp_affinity, --repair none', writes(`/proc/irq/${irq}/smp_affinity`), isQuiet('irq'));
  await faults.cause('rps_cpus, --repair none', writes(`${QUEUES}/rx-1/rps_cpus`), isQuiet('rps'));
  if (hasChannels(lab))
    await faults.cause('ethtool -L, --repair none', 'ethtool -L eth0 combined 1', isQuiet('channels'));
  const drifted = await settings();
  // Longer than it would wait until all has settled.
  await guest().run('sleep 40', 200);
  expect(await settings()).toBe(drifted);
  expect(await journals()).toBe(before);
  expect(watcher().rest.filter(({ action }) => action !== 'none')).toEqual([]);
  expect(await watcher().end()).toBe(0);
});
