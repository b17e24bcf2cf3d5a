/** The archive for arm64 on an emulated arm64 machine, with real queues and interrupts. Slow: half an hour. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Accepts } from '../../src/measure/accept.ts';
import type { Applied } from '../../src/tune/apply.ts';
import type { Undone } from '../../src/tune/undo.ts';
import type { Guest } from '../lab/machine/guest.ts';
import { INSIDE } from '../lab/machine/qemu.ts';
import { startNginx } from '../lab/nginx.ts';
import { bootArm64, CPUS } from './arm64-guest.ts';
import { commandsOf } from './page.ts';

const PORT = 8080;
const CONNECTIONS = 200;
/** Emulated, bpftrace takes minutes to start. */
const SECONDS = 900;

let guest: Guest;
beforeAll(async () => {
  const [install = ''] = commandsOf('Any Linux: the archive');
  guest = await bootArm64(inject('packages'), install.replaceAll('x64', 'arm64'));
  await startNginx(guest, PORT, CPUS);
}, 1_800_000);
afterAll(() => guest?.close());

const json = async <T>(command: string): Promise<T> =>
  JSON.parse(await guest.run(`locality-tune ${command} -j`, SECONDS));

/** One request for each, all answered. */
const connect = () =>
  guest.outside(`python3 -c '
import socket
for _ in range(${CONNECTIONS}):
    with socket.create_connection(("${INSIDE}", ${PORT})) as connection:
        connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        while connection.recv(65536):
            pass
'`);

it('runs on its own Node, with its code cache', async () => {
  expect(await guest.run('uname -m; command -v node || locality-tune --version')).toBe(
    `aarch64\n${manifest.version}\n`,
  );
  const lib = `/opt/locality-tune-${manifest.version}-linux-arm64/lib/locality-tune`;
  const load = `const { Script } = require("node:vm"); const { readFileSync, readdirSync } = require("node:fs");
    const folder = "${lib}/dist/src/cli/"; const source = readFileSync(folder + "main.js");
    const cache = readFileSync(folder + readdirSync(folder).find((name) => /^main[.]js[.].*cache$/.test(name)));
    const cachedData = cache.subarray(0, -source.length);
    console.log(new Script(source.latin1Slice(), { filename: folder + "main.js", cachedData }).cachedDataRejected)`;
  expect(await guest.run(`${lib}/node -e '${load}'`)).toBe('false\n');
  const forget = `const addon = require("${lib}/prebuilds/linux-arm64.node");
    const resident = () => Number(/RssFile:\\s+(\\d+)/.exec(require("node:fs").readFileSync("/proc/self/status", "utf8"))[1]);
    const before = resident(); addon.forgetCode(); console.log(resident() < before)`;
  expect(await guest.run(`${lib}/node -e '${forget}'`)).toBe('true\n');
});

it('sees queues, interrupts and workers', async () => {
  const seen = await json<{
    host: { arch: string };
    nics: readonly { driver: string; rxQueues: readonly { irq: number }[] }[];
    groups: readonly { size: number; selection: string; sockets: readonly { slotSource: string }[] }[];
  }>(`inspect --iface eth0 --port ${PORT}`);
  expect(seen.host.arch).toBe('aarch64');
  expect(seen.nics).toMatchObject([{ driver: 'igb', rxQueues: Array.from({ length: CPUS }, () => ({})) }]);
  expect(seen.nics[0]?.rxQueues.every(({ irq }) => irq > 0)).toBe(true);
  expect(seen.groups).toMatchObject([{ size: CPUS, selection: 'hash' }]);
  expect(seen.groups[0]?.sockets.map(({ slotSource }) => slotSource)).toEqual(Array(CPUS).fill('kernel'));
});

/** Everything that a plan may touch, as the kernel prints it. */
const SETTINGS = `ethtool -l eth0; ethtool -x eth0 | head -n 40; cd /sys/class/net/eth0/queues; grep -r . . | grep -v byte_queue_limits | sort
for irq in $(ls /sys/class/net/eth0/device/msi_irqs); do echo $irq $(cat /proc/irq/$irq/smp_affinity_list); done`;

it('applies a plan, counts every accept and where it was, and takes the plan back', async () => {
  const before = await guest.run(SETTINGS);
  const { done, failed } = await json<Applied>(`apply --iface eth0 --port ${PORT} --yes`);
  expect(failed).toEqual([]);
  expect(done.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['irq', 'xps', 'program']));

  const measure = guest.start(`locality-tune measure accept --port ${PORT} -i 1 -j`);
  await measure.json<Accepts>();
  await connect();
  const { stdout } = await measure.end();
  const intervals = stdout
    .trimEnd()
    .split('\n')
    .map((line): Accepts => JSON.parse(line));
  const total = (what: 'accepts' | 'matched') => intervals.reduce((sum, each) => sum + (each[what] ?? 0), 0);
  expect({ accepts: total('accepts'), matched: total('matched') }).toEqual({
    accepts: CONNECTIONS,
    matched: CONNECTIONS,
  });

  expect(await json<Undone>('undo --yes')).toMatchObject({ skipped: [] });
  expect(await guest.run(SETTINGS)).toBe(before);
});

it('attaches a program, and detaches it', async () => {
  expect(await json(`attach --port ${PORT} --yes`)).toMatchObject({ attached: true, changed: true });
  await connect();
  expect(await json(`detach --port ${PORT} --yes`)).toMatchObject({ detached: true });
});
