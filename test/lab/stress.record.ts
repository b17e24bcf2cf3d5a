/**
 * Programs put on a TCP and a UDP group and taken off, ten times a second, while connections and datagrams storm in.
 * `LOCALITY_TUNE_STRESS=10000 npm run lab -- stress`: that many times, in 17 minutes; 500 if it is not set.
 */
import { expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import type { Guest } from './machine/guest.ts';
import { useGuest } from './machine/lab.ts';
import { INSIDE } from './machine/qemu.ts';
import { startNginx } from './nginx.ts';
import { DATAGRAMS, READERS, startReaders, UDP_PORT } from './udp.ts';

const TIMES = Number(process.env['LOCALITY_TUNE_STRESS'] ?? 500);
const PORT = 8080;
const CONNECTIONS = 1_000;

const DATAGRAMS_A_SECOND = 500;
/** As igb takes it: seconds of datagrams, where the emulated machine gets no time. */
const RING = 4_096;

const guest = useGuest(async (each) => {
  await each.run(`ethtool -G eth0 rx ${RING}`);
  await startNginx(each, PORT, READERS.length);
  await startReaders(each);
});

/** `PID:FD` of a member. */
async function memberOf(port: number, id: string): Promise<string> {
  const { groups }: { groups: readonly Group[] } = JSON.parse(
    await guest().run(`locality-tune inspect --port ${port} --no-slots -j`),
  );
  const member = groups
    .find((group) => group.id.startsWith(id))
    ?.sockets.flatMap(({ holders }) => holders)[0];
  if (member === undefined) throw new Error(`no ${id} group on port ${port}`);
  return `${member.pid}:${member.fd}`;
}

/** What the kernel says of its UDP sockets, by the names of /proc/net/snmp. */
async function udpCounters(of: Guest): Promise<Readonly<Record<string, number>>> {
  const [names = '', values = ''] = (await of.run("grep '^Udp:' /proc/net/snmp")).split('\n');
  const numbers = values.split(' ').map(Number);
  return Object.fromEntries(names.split(' ').map((name, index) => [name, numbers[index] ?? 0]));
}

/** What `act` sums up to, again and again until `over`. */
async function until(over: AbortSignal, act: () => Promise<number>): Promise<number> {
  let sum = 0;
  do sum += await act();
  while (!over.aborted);
  return sum;
}

it(`loses nothing in ${TIMES} changes of program`, { timeout: 60_000 + TIMES * 600 }, async () => {
  const members = [await memberOf(PORT, 'tcp'), await memberOf(UDP_PORT, 'udp')];
  const before = await udpCounters(guest());
  const over = new AbortController();
  let storms = 0;
  const storm = until(over.signal, async () => {
    storms++;
    return Number(await guest().outside(`python3 test/lab/storm.py ${INSIDE} ${PORT} ${CONNECTIONS}`));
  });
  const flood = until(over.signal, async () => {
    await guest().outside(
      `python3 test/lab/udp-source.py ${INSIDE} ${UDP_PORT} ${DATAGRAMS} 256 ${DATAGRAMS_A_SECOND}`,
    );
    return DATAGRAMS;
  });
  const begun = Date.now();
  const changes = guest()
    .run(`node test/lab/reattach.ts ${TIMES} ${READERS.length} ${members.join(' ')}`, 60 + TIMES / 2)
    .finally(() => over.abort());
  const [answered, sent] = await Promise.all([storm, flood, changes]);
  const seconds = (Date.now() - begun) / 1000;
  console.log(`${TIMES} changes, ${answered} connections, ${sent} datagrams in ${seconds.toFixed(0)} s`);
  const after = await udpCounters(guest());
  const grown = (name: string) => (after[name] ?? Number.NaN) - (before[name] ?? Number.NaN);
  expect(answered).toBe(storms * CONNECTIONS);
  expect([grown('InDatagrams'), grown('InErrors'), grown('NoPorts')]).toEqual([sent, 0, 0]);
  expect(await guest().run("ps -eo state,comm | grep '^D' || true")).toBe('');
  // The last one is still there, and what the tool sees.
  expect(JSON.parse(await guest().run(`locality-tune attach --yes --port ${PORT} -j`))).toMatchObject({
    attached: true,
  });
});
