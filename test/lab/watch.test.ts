/**
 * A watcher on a tuned machine, and every fault of docs/lab.md: what it reports, of whom, after which time, and whether the
 * machine is as before once it has repaired it. Prints a table.
 */
import { once } from 'node:events';
import { afterAll, expect, inject, it } from 'vitest';
import { unpacked } from '../../scripts/debian/apt.ts';
import type { WatchEvent } from '../../src/watch/types.ts';
import type { Program } from './machine/channel.ts';
import { foreign } from './machine/foreign.ts';
import type { Guest } from './machine/guest.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';
import { startNginx } from './nginx.ts';
import { hasChannels, hasTable } from './nics.ts';

const PORT = 8080;
const GROUP = `tcp 0.0.0.0:${PORT}`;
const SELECT = `--iface eth0 --port ${PORT}`;
const QUEUES = '/sys/class/net/eth0/queues';
const lab = inject('lab');
const { cpus } = lab.hardware;
const workers = Math.min(cpus, 8);

type Event = WatchEvent & { readonly time: string };
interface Watching {
  readonly program: Program;
  readonly events: Event[];
}

/** So that a plan changes all that is changed behind its back later. */
const SPOIL = `echo 1 > ${QUEUES}/rx-1/rps_cpus; echo 0 > ${QUEUES}/tx-1/xps_cpus${
  hasTable(lab) ? '; ethtool -X eth0 equal 1' : ''
}${hasChannels(lab) ? `; ethtool -L eth0 combined ${Math.min(cpus, 8) / 2}` : ''}`;

let master = 0;
let watching: Watching | null = null;
const rows: Record<string, string>[] = [];
const guest = useGuest(async (each) => {
  master = await startNginx(each, PORT, workers);
  await each.run(SPOIL);
  await each.run(`locality-tune apply ${SELECT} --yes`, 800);
  watching = await startWatch(each, '--repair all');
});
afterAll(() => {
  console.log(`watch on ${lab.kernel.name}, ${lab.hardware.nic}`);
  console.table(rows);
});

async function startWatch(on: Guest, options: string): Promise<Watching> {
  const program = on.start(`locality-tune watch ${SELECT} -j ${options}`);
  expect(await program.json()).toMatchObject({ baseline: 'what was applied' });
  return { program, events: [] };
}

/** Everything that was applied, as the kernel prints it; interrupts by queue, workers in the order of their start. */
const SETTINGS = `ethtool -l eth0; ethtool -x eth0; cd ${QUEUES}; grep -r . . | grep -E 'xps|rps' | sort
grep -E 'eth0-|virtio[0-9]+-(in|out)put' /proc/interrupts | grep -E "^ *($(ls /sys/class/net/eth0/device/msi_irqs /sys/class/net/eth0/device/../msi_irqs 2> /dev/null | grep -E '^[0-9]+$' | paste -sd '|')):" | awk '{ print $1, $NF }' | sort -k 2 -V | while read irq name
do echo $name $(cat /proc/irq/\${irq%:}/smp_affinity_list); done`;
const settings = () => guest().run(SETTINGS);

const PATIENCE_MS = 300_000;

/** The next event that fits; those before it are kept. Throws with them if there is none. */
async function next(wanted: (event: Event) => boolean): Promise<Event> {
  if (watching === null) throw new Error('nobody watches');
  const { program, events } = watching;
  const seen = events.length;
  const late = AbortSignal.timeout(PATIENCE_MS);
  for (;;) {
    const line = await Promise.race([program.json<Event>(), once(late, 'abort')]);
    if (Array.isArray(line)) throw new Error(`no such event, only:\n${shown(events.slice(seen))}`);
    events.push(line);
    if (wanted(line)) return line;
  }
}

const shown = (events: readonly Event[]): string =>
  events
    .map(({ time, kind, subject, from, to, cause, action, why }) =>
      [time, kind, subject, from, '->', to, cause, action, why].join(' '),
    )
    .join('\n');

const isRepair = ({ action }: Event) => action === 'repaired';

/** Does it, and writes a line of the table about the first event that it leads to. */
async function fault(what: string, command: string, wanted: (event: Event) => boolean): Promise<Event> {
  const output = await guest().run(`date +%s%3N; ${command}`);
  const at = Number(output.split('\n')[0]);
  const event = await next(wanted);
  const who = event.by === null ? event.cause : `${event.by.script ?? event.by.comm}, pid ${event.by.pid}`;
  const seconds = ((Date.parse(event.time) - at) / 1000).toFixed(1);
  rows.push({
    fault: what,
    event: `${event.kind} ${event.subject}`,
    who,
    'noticed after s': seconds,
    action: event.action,
  });
  return event;
}

/** Waits until everything is as it was. */
async function restored(before: string): Promise<void> {
  await expect.poll(settings, { timeout: 240_000, interval: 2_000 }).toBe(before);
}

const writes = (value: string, file: string) => `sh -c 'echo ${value} > ${file}; sleep 1; :'`;

async function irqOf(queue: number): Promise<number> {
  const {
    nics,
  }: { nics: readonly { irqs: readonly { irq: number; role: string; queues: readonly number[] }[] }[] } =
    JSON.parse(await guest().run('locality-tune inspect --iface eth0 --no-slots -j', 200));
  const found = nics[0]?.irqs.find(({ role, queues }) => role !== 'tx' && queues.includes(queue));
  if (found === undefined) throw new Error(`no interrupt of queue ${queue}`);
  return found.irq;
}

it('a process that writes affinities, RPS and XPS is named, and undone', async () => {
  const before = await settings();
  const irq = await irqOf(2);
  const files = {
    smp_affinity: [`/proc/irq/${irq}/smp_affinity`, 'irq'],
    smp_affinity_list: [`/proc/irq/${irq}/smp_affinity_list`, 'irq'],
    rps_cpus: [`${QUEUES}/rx-1/rps_cpus`, 'rps'],
    xps_cpus: [`${QUEUES}/tx-1/xps_cpus`, 'xps'],
  } as const;
  for (const [name, [file, kind]] of Object.entries(files)) {
    const event = await fault(name, writes('1', file), (each) => each.kind === kind && isRepair(each));
    expect(event).toMatchObject({ by: { comm: 'sh' }, action: 'repaired' });
    await restored(before);
  }
});

it('a link that goes down and up keeps what was applied', async () => {
  const before = await settings();
  await fault('link down', 'ip link set eth0 down', ({ kind, to }) => kind === 'link' && to === 'down');
  await fault('link up', `ip link set eth0 up`, ({ kind, to }) => kind === 'link' && to !== 'down');
  await restored(before);
});

it('channels and table are restored after ethtool -L and -X', async () => {
  const before = await settings();
  if (hasChannels(lab)) {
    await fault(
      'ethtool -L',
      'ethtool -L eth0 combined 2',
      ({ kind, action }) => kind === 'channels' && action !== 'none',
    );
    await restored(before);
  }
  if (hasTable(lab)) {
    await fault('ethtool -X', 'ethtool -X eth0 equal 1', ({ kind }) => kind === 'rss');
    await restored(before);
  }
});

it('a CPU that goes offline and comes back gets its interrupt back', async () => {
  const before = await settings();
  const cpu = `/sys/devices/system/cpu/cpu${workers - 1}/online`;
  await fault('CPU offline', `echo 0 > ${cpu}`, ({ kind }) => kind === 'irq' || kind === 'finding');
  await guest().run(`echo 1 > ${cpu}`);
  await restored(before);
});

const children = async () =>
  (await guest().run(`cat /proc/${master}/task/${master}/children`)).trim().split(' ');
const reload = (count: number) => `file=$(tr '\\0' ' ' < /proc/${master}/cmdline | grep -o '/tmp[^ ]*conf')
sed -i 's/worker_processes [0-9]*/worker_processes ${count}/' $file && kill -HUP ${master}`;
const isProgram = (event: Event) => event.kind === 'program' && isRepair(event);
const isGeneration = ({ kind }: Event) => kind === 'generation';

/** The slots that the program chooses from. */
async function programSlots(): Promise<readonly (number | null)[]> {
  const { groups }: { groups: readonly { program: { asm: string } | null; size: number }[] } = JSON.parse(
    await guest().run(`locality-tune inspect ${SELECT} -j`, 400),
  );
  return groups.map(({ program, size }) => {
    const modulus = /mod #(\d+)/.exec(program?.asm ?? '')?.[1];
    return modulus === undefined ? null : Number(modulus) - size;
  });
}

it('a server that is reloaded, restarted, or loses a worker or its program gets a program for its workers', async () => {
  const before = await settings();
  await fault('reload, fewer workers', reload(workers / 2), isGeneration);
  expect((await next(isProgram)).subject).toBe(GROUP);
  await fault('reload, more workers', reload(workers), isGeneration);
  await next(isProgram);
  expect(await programSlots()).toEqual([0]);
  await fault('reload, same workers', reload(workers), isGeneration);
  const [worker = ''] = await children();
  await fault('worker killed', `kill -KILL ${worker}`, isGeneration);
  // Nothing reports this one: slots are read every ten minutes, and when somebody asks.
  const detached = fault(
    'program detached by hand, SIGHUP',
    `python3 test/lab/detach.py ${master} ${PORT} && pkill -HUP -o -f 'entry.cjs watch'`,
    isProgram,
  );
  expect(await detached).toMatchObject({ to: 'none', action: 'repaired' });
  await guest().run(`kill -QUIT ${master}; while test -e /proc/${master}; do sleep 0.2; done`);
  master = await startNginx(guest(), PORT, workers);
  await fault('restart', ':', isProgram);
  expect(await programSlots()).toEqual([0]);
  expect(await settings()).toBe(before);
});

it('an interface that is removed and found again gets its settings again', async () => {
  const before = await settings();
  const gone = ({ kind, to }: Event) => kind === 'link' && to === null;
  await fault(
    'interface gone',
    'echo 1 > $(realpath /sys/class/net/eth0/device | sed s,/virtio[0-9]*$,,)/remove',
    gone,
  );
  const back = `echo 1 > /sys/bus/pci/rescan; until ip link set eth0 up; do sleep 0.2; done; ip addr add ${INSIDE}/24 dev eth0`;
  await fault('interface back', back, ({ kind, from }) => kind === 'link' && from === null);
  await restored(before);
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
  await fault('irqbalance started', ':', isFinding);
  await guest().run(`locality-tune apply ${SELECT} --yes`, 400);
  await daemon.end('SIGKILL');
  await guest().run('rm -f /run/irqbalance/*.sock');
  const again = await start();
  await fault('irqbalance restarted', ':', (event) => event.kind === 'irqbalance' && isRepair(event));
  await again.end('SIGKILL');
  await restored(before);
});

it('writes nothing with --repair none', async () => {
  await watching?.program.end('SIGTERM');
  watching = await startWatch(guest(), '--repair none');
  const journals = () => guest().run('ls -l --full-time /var/lib/locality-tune/journals');
  const irq = await irqOf(2);
  const before = await journals();
  const isQuiet = (kind: string) => (event: Event) => event.kind === kind && event.action === 'none';
  await fault('smp_affinity, --repair none', writes('1', `/proc/irq/${irq}/smp_affinity`), isQuiet('irq'));
  await fault('rps_cpus, --repair none', writes('1', `${QUEUES}/rx-1/rps_cpus`), isQuiet('rps'));
  if (hasChannels(lab))
    await fault('ethtool -L, --repair none', 'ethtool -L eth0 combined 2', isQuiet('channels'));
  const drifted = await settings();
  // Longer than it would wait until all has settled.
  await guest().run('sleep 40', 200);
  expect(await settings()).toBe(drifted);
  expect(await journals()).toBe(before);
  const { code } = await watching.program.end('SIGTERM');
  expect(code).toBe(0);
});
