/**
 * What the live view, `watch` and `export` take on a machine with many CPUs and queues, with the kernel's own /proc and sysfs:
 * `npm run lab -- --kernel 6.12 --nic virtio --cpus 64 footprint` writes docs/footprint.md.
 *
 * An emulated CPU is many times slower than this machine's. So the same work is timed inside and outside, before and after,
 * and CPU time is divided by how many times longer it took inside. Memory is as in the guest.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it } from 'vitest';
import { HEAPS } from '../../scripts/package/heaps.ts';
import { useGuest } from './machine/lab.ts';
import { startNginx, underLoad } from './nginx.ts';
import { circumstances, markdown, writeSection } from './record.ts';
import { openView } from './view.ts';

const PORT = 8080;
const SECONDS = 60;
const SCRAPE_SECONDS = 15;
/** After a start, until the measurement: a daemon has given back by then what its start needed. */
const SETTLING_MS = 90_000;
/** For one sample of what may be busy: as many looks take 0.3 s outside. */
const LOOKS = 20;
const ATTEMPTS = 5;

const { kernel, hardware } = inject('lab');
const guest = useGuest(async (each) => {
  await startNginx(each, PORT, hardware.cpus);
});

const REFERENCE = `node test/lab/look-often.ts ${LOOKS}`;
/** Node now and then crashes there: an emulated machine with so many CPUs does not always see the code that V8 has just changed. */
async function inside(): Promise<number> {
  for (let attempt = 1; ; attempt++)
    try {
      return Number(await guest().run(REFERENCE, 600));
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
}
const outside = () => Number(execFileSync('sh', ['-c', REFERENCE], { encoding: 'utf8' }));

interface Footprint {
  /** CPU seconds of the guest a second. */
  readonly share: number;
  readonly megabytes: number;
  readonly peak: number;
}

const TICKS = 100;

/** Of a process while `act` takes its time. */
async function footprint(pid: string, act: () => Promise<unknown>): Promise<Footprint> {
  const used = async () => {
    const [stat = '', uptime = ''] = (await guest().run(`cat /proc/${pid}/stat /proc/uptime`)).split('\n');
    const fields = stat.replace(/^.*\) /, '').split(' ');
    return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS, at: Number(uptime.split(' ')[0]) };
  };
  const before = await used();
  await act();
  const after = await used();
  const status = await guest().run(`cat /proc/${pid}/status`);
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
  return {
    share: (after.cpu - before.cpu) / (after.at - before.at),
    megabytes: megabytes('VmRSS'),
    peak: megabytes('VmHWM'),
  };
}

/** Measured while `act` takes its time, after `settle`, which begins when the program has said its first line. */
async function ofDaemon(
  name: 'watch' | 'export',
  more: string,
  settle: () => Promise<unknown>,
  act: () => Promise<unknown>,
): Promise<Footprint> {
  const command = ['node', ...HEAPS[name], 'test/integration/entry.cjs', name, more].join(' ');
  const program = guest().start(`echo $$; export MALLOC_ARENA_MAX=1; exec ${command} 2>&1`);
  const pid = await program.line();
  console.log(await program.line());
  const early = program.ended().then(({ code, stdout }) => {
    throw new Error(`${command} ended with ${code}: ${stdout}`);
  });
  const result = await Promise.race([settle().then(() => footprint(pid, act)), early]);
  early.catch(() => {});
  await program.end('SIGTERM');
  return result;
}

async function ofView(options: string): Promise<Footprint> {
  const environment = `NODE_OPTIONS=${HEAPS.live.join(' ')} MALLOC_ARENA_MAX=1`;
  const view = openView(guest(), `--iface eth0 --port ${PORT} ${options}`, environment);
  await view.until(/1 overview[\s\S]*RX/i, 600);
  await sleep(SETTLING_MS);
  const pid = (await guest().run("pgrep -o -f 'entry[.]cjs live'")).trim();
  const result = await footprint(pid, () => sleep(1000 * SECONDS));
  await view.close();
  return result;
}

const ofWatch = () =>
  ofDaemon(
    'watch',
    `--iface eth0 --port ${PORT} --baseline now`,
    () => sleep(SETTLING_MS),
    () => sleep(1000 * SECONDS),
  );

async function scrapes(seconds: number): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
    const next = Date.now() + 1000 * SCRAPE_SECONDS;
    expect(Number(await guest().run('curl -s http://127.0.0.1:9884/metrics | wc -l', 300))).toBeGreaterThan(
      100,
    );
    await sleep(Math.max(0, next - Date.now()));
  }
}

const ofExport = () =>
  ofDaemon(
    'export',
    '--no-slots',
    () => scrapes(SETTLING_MS / 1000),
    () => scrapes(SECONDS),
  );

const PROGRAMS: Readonly<
  Record<string, readonly [limit: number, megabytes: number, () => Promise<Footprint>]>
> = {
  'watch, as packages start it': [0.5, 60, ofWatch],
  'export likewise, a scrape each 15 s': [1, 80, ofExport],
  'live likewise, no probes': [3, 150, () => ofView('--no-probes')],
  'live likewise': [3, 150, () => ofView('')],
};

const INTRO = `# What it takes itself

This page says how much CPU time and memory the live view, \`watch\` and \`export\` take on a machine with many CPUs and queues.

The machine is emulated, with the kernel's own /proc and sysfs, and nginx gets 50 new connections a second. An emulated CPU is many times
slower than a real one. So the same work (a watcher's look at the files of a machine with 64 CPUs) is timed inside and outside, before and
after, and the CPU time of the guest is divided by how many times longer it takes inside. Memory is as in the guest.
\`npm run lab -- --kernel 6.12 --nic virtio --cpus 64 footprint\` repeats it.
`;

const HEAD = ['', 'of a CPU', 'aim', 'RSS', 'peak RSS', 'aim', 'of a CPU in the guest', 'times slower'];

/** After each program: an emulated machine may not come to the last one. */
const rows: string[][] = [];
async function write(): Promise<void> {
  const text = `${await circumstances(guest())}\n\n${markdown(HEAD, rows)}`;
  const title = `Linux ${kernel.name}, ${hardware.cpus} CPUs, ${hardware.nic}`;
  writeSection('footprint.md', INTRO, title, text);
}

it.each(Object.entries(PROGRAMS))('%s', { timeout: 1_800_000 }, (name, [limit, megabytes, measure]) =>
  underLoad(guest(), PORT, async () => {
    const slower = [(await inside()) / outside()];
    const { share, ...memory } = await measure();
    slower.push((await inside()) / outside());
    const factor = slower.reduce((sum, each) => sum + each, 0) / slower.length;
    rows.push([
      name,
      `${((100 * share) / factor).toFixed(2)} %`,
      `${limit} %`,
      `${memory.megabytes.toFixed(0)} MB`,
      `${memory.peak.toFixed(0)} MB`,
      `${megabytes} MB`,
      `${(100 * share).toFixed(0)} %`,
      slower.map((each) => each.toFixed(1)).join(', '),
    ]);
    console.log(rows.at(-1)?.join(' | '));
    await write();
    expect(memory.megabytes).toBeGreaterThan(0);
  }),
);
