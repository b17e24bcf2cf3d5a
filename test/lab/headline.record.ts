/**
 * What the tool is for, from start to end: nginx on a multi-queue NIC as it comes, one command, and back.
 * `npm run lab -- headline` writes docs/headline.md.
 */
import { describe, expect, inject, it } from 'vitest';
import type { Accepts } from '../../src/measure/accept.ts';
import type { Guest } from './machine/guest.ts';
import { useGuest } from './machine/lab.ts';
import { startMeasure } from './measure.ts';
import { startNginx, underLoad } from './nginx.ts';
import { circumstances, markdown, writeSection } from './record.ts';
import { attachToReaders, type Counted, counted, READERS, spreadOverQueues, startReaders } from './udp.ts';

const PORT = 8080;
const { kernel } = inject('lab');

interface Share {
  count: number;
  local: number;
}
interface Figures {
  readonly accept: Share;
  readonly rx: Share;
  readonly tx: Share;
}
interface Skbs {
  readonly rx: { readonly packets: number; readonly local: number };
  readonly tx: { readonly packets: number; readonly local: number };
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
const shareOf = ({ count, local }: Share) => local / count;

/** Of at least 2,000 new connections. */
async function figures(guest: Guest): Promise<Figures> {
  const [{ program: skb }, { program: accept }] = await Promise.all([
    startMeasure(guest, 'skb'),
    startMeasure(guest, `accept --port ${PORT}`),
  ]);
  const sum: Share = { count: 0, local: 0 };
  while (sum.count < 2_000) {
    const { accepts, matched } = await accept.json<Accepts>();
    sum.count += accepts;
    sum.local += matched;
  }
  await accept.end();
  const skbs = (await skb.end()).stdout
    .trimEnd()
    .split('\n')
    .map((line): Skbs => JSON.parse(line));
  const direction = (which: 'rx' | 'tx') => ({
    count: total(skbs.map((each) => each[which].packets)),
    local: total(skbs.map((each) => each[which].local)),
  });
  return { accept: sum, rx: direction('rx'), tx: direction('tx') };
}

/** Four standard errors of one in N. */
function expectOneIn(n: number, share: Share): void {
  const chance = 1 / n;
  const error = Math.sqrt((chance * (1 - chance)) / share.count);
  expect(Math.abs(shareOf(share) - chance)).toBeLessThan(4 * error);
}

function expectBad(n: number, { accept, rx, tx }: Figures): void {
  expectOneIn(n, accept);
  expectOneIn(n, rx);
  expect(shareOf(tx)).toBeLessThan(0.3);
}

function expectGood({ accept, rx, tx }: Figures): void {
  for (const each of [accept, rx, tx]) expect(shareOf(each)).toBeGreaterThanOrEqual(0.99);
}

/** All that a tuning may touch, as the kernel prints it. */
const settings = (guest: Guest) =>
  guest.run(`cd /sys/class/net/eth0/queues && grep . */xps_cpus */rps_cpus
grep -E 'eth0|put[.]' /proc/interrupts | cut -d: -f1 | while read irq; do cat /proc/irq/$irq/smp_affinity; done
ethtool -x eth0; ethtool -l eth0; cat /proc/sys/net/core/rps_sock_flow_entries
locality-tune inspect --port ${PORT} -j | grep -o '"program":[^,]*'`);

const percent = (share: Share) => `${(100 * shareOf(share)).toFixed(1)} %`;
const row = (what: string, { accept, rx, tx }: Figures) => [
  what,
  String(accept.count),
  percent(accept),
  percent(rx),
  percent(tx),
];

/** The words below the title are the page's own. */
const INTRO = '# The headline, measured\n';
const HEAD = ['', 'connections', 'accepted on the receiving CPU', 'rx local', 'tx local'];
/** Of one kernel and set-up. */
async function write(
  guest: Guest,
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const text = `${await circumstances(guest)}\n\n${markdown(head, rows)}`;
  writeSection('headline.md', INTRO, `Linux ${kernel.name}: ${title}`, text);
}

const SETUPS = [
  { title: 'igb as it comes, 8 queues, 8 CPUs', hardware: { nic: 'igb', cpus: 8 }, prepare: '' },
  {
    title: 'virtio, 12 queues, 12 CPUs, IRQs and XPS scattered',
    hardware: { nic: 'virtio', cpus: 12 },
    // Before a first -X, virtio sends flows to the queue that answered last.
    prepare: `ethtool -X eth0 default
for q in $(seq 0 11); do
  printf %x $((1 << (q * 7 + 1) % 12)) > /sys/class/net/eth0/queues/tx-$q/xps_cpus
  for irq in $(grep -E "(in|out)put[.]$q$" /proc/interrupts | cut -d: -f1); do
    echo $(((q * 5 + 3) % 12)) > /proc/irq/$irq/smp_affinity_list
  done
done`,
  },
] as const;

describe.each(SETUPS)('$title', ({ title, hardware, prepare }) => {
  const guest = useGuest(async (each) => {
    await each.run(prepare);
    await startNginx(each, PORT, hardware.cpus);
  }, hardware);

  it('goes from one in N to all, and back', { timeout: 900_000 }, async () => {
    const untouched = await settings(guest());
    const command = `locality-tune tune --iface eth0 --port ${PORT}`;
    const [before, after, undone] = await underLoad(guest(), PORT, async () => {
      const first = await figures(guest());
      console.log(JSON.stringify(first));
      console.log(await guest().run(`${command} --seconds 10 --yes`, 600));
      const second = await figures(guest());
      console.log(JSON.stringify(second));
      console.log(await guest().run('locality-tune undo --yes', 300));
      return [first, second, await figures(guest())];
    });
    console.log(JSON.stringify(undone));
    const rows = [row('before', before), row(`\`${command}\``, after), row('`locality-tune undo`', undone)];
    await write(guest(), title, HEAD, rows);
    expectBad(hardware.cpus, before);
    expectGood(after);
    expectBad(hardware.cpus, undone);
    expect(await settings(guest())).toBe(untouched);
  });
});

describe('UDP, four pinned readers, igb', () => {
  const guest = useGuest(
    async (each) => {
      await startReaders(each);
    },
    { nic: 'igb', cpus: 8 },
  );
  const row = (what: string, { packets, local }: Counted) => [
    what,
    ...packets.map(String),
    percent({ count: total(packets), local }),
  ];

  it('goes to one reader, evenly by chance, and by queue', async () => {
    const one = await counted(guest(), 1);
    await attachToReaders(guest(), 'rand');
    const chance = await counted(guest(), 1);
    await spreadOverQueues(guest(), 'igb');
    await attachToReaders(guest(), 'cpu');
    const queue = await counted(guest(), 256);
    await write(
      guest(),
      'UDP, datagrams to each of four readers, igb, 8 CPUs',
      ['', ...READERS.map((cpu) => `CPU ${cpu}`), 'read on the receiving CPU'],
      [
        row('one source, no program', one),
        row('one source, `attach --program rand`', chance),
        row('256 sources over 4 queues, `attach --program cpu`', queue),
      ],
    );
    expect(one.packets.filter((count) => count > 0)).toHaveLength(1);
    for (const count of chance.packets)
      expect(Math.abs(count / total(chance.packets) - 1 / READERS.length)).toBeLessThan(0.02);
    expect(queue.local).toBe(total(queue.packets));
  });
});
