/** Which of an operator's changes each kernel reports: the table in docs/watching.md. */
import { expect, inject, it } from 'vitest';
import { useGuest } from './machine/lab.ts';
import { hasChannels, hasTable } from './nics.ts';

const guest = useGuest();
const lab = inject('lab');

interface Line {
  readonly kind: string;
  readonly [field: string]: unknown;
}

const QUEUES = '/sys/class/net/eth0/queues';
const FLOWS = '/proc/sys/net/core/rps_sock_flow_entries';

/** Changes, each followed by a moment in which it can be heard; what is heard ends up in a file. */
const SCRIPT = `
irq=$(ls /sys/class/net/eth0/device/msi_irqs /sys/class/net/eth0/device/../msi_irqs 2> /dev/null | grep -E '^[0-9]+$' | tail -1)
mkfifo /tmp/said; exec 7<> /tmp/said
node test/watch/hear.ts /proc/irq/$irq/smp_affinity /proc/irq/$irq/smp_affinity_list ${FLOWS} \
  ${QUEUES}/rx-0/rps_cpus ${QUEUES}/rx-0/rps_flow_cnt ${QUEUES}/tx-0/xps_cpus < /tmp/said > /tmp/heard &
until grep -q sources /tmp/heard; do sleep 0.2; done
change() { "$@" > /dev/null 2>&1; sleep 0.5; }
change sh -c "echo 2 > /proc/irq/$irq/smp_affinity; sleep 0.3; :"
change sh -c "echo 1 > /proc/irq/$irq/smp_affinity_list; sleep 0.3; :"
change sh -c "echo 1024 > ${FLOWS}; sleep 0.3; :"
change sh -c "echo 1 > ${QUEUES}/rx-0/rps_cpus; sleep 0.3; :"
change sh -c "echo 512 > ${QUEUES}/rx-0/rps_flow_cnt; sleep 0.3; :"
change sh -c "echo 1 > ${QUEUES}/tx-0/xps_cpus; sleep 0.3; :"
# The names are dropped from the cache; the files are watched all the same.
echo 2 > /proc/sys/vm/drop_caches
change tee ${FLOWS} < <(echo 2048; sleep 0.3)
change ethtool -L eth0 combined 1
change ethtool -X eth0 equal 1
change sh -c 'echo 0 > /sys/devices/system/cpu/cpu1/online'
change sh -c 'echo 1 > /sys/devices/system/cpu/cpu1/online'
change ip link set eth0 down
change ip link set eth0 up
change python3 -c 'import socket; s = socket.socket(); s.bind(("", 8080)); s.listen()'
change python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 8081))'
echo usage >&7; sleep 10; echo usage >&7; sleep 1
exec 7>&-; kill %1
sed "s|/irq/$irq/|/irq/N/|" /tmp/heard
`;

it('reports what it can, and names who wrote', async () => {
  const output = await guest().run(SCRIPT, 400);
  const lines: Line[] = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  console.log(`${lab.kernel.name}:\n${output}`);
  const count = (kind: string, fields: Record<string, unknown> = {}) =>
    lines.filter((line) => Object.entries({ kind, ...fields }).every(([key, value]) => line[key] === value))
      .length;
  const sources = lines.find(({ kind }) => kind === 'sources')?.['sources'];
  const isOld = ['5.10', '6.1'].includes(lab.kernel.name);
  expect(sources).toMatchObject(
    ['link', 'ethtool', 'netdev', 'cpu', 'tcp', 'udp', 'files', 'processes'].map((name) => ({
      name,
      ok: name !== 'netdev' || !isOld,
    })),
  );
  const written = lines.filter(({ kind }) => kind === 'written');
  const writers = written.map(({ path, by }) => [path, Reflect.get(Object(by), 'comm')]);
  expect(writers).toEqual([
    ['/proc/irq/N/smp_affinity', 'sh'],
    ['/proc/irq/N/smp_affinity_list', 'sh'],
    [FLOWS, 'sh'],
    [`${QUEUES}/rx-0/rps_cpus`, 'sh'],
    [`${QUEUES}/rx-0/rps_flow_cnt`, 'sh'],
    [`${QUEUES}/tx-0/xps_cpus`, 'sh'],
    [FLOWS, 'tee'],
  ]);
  expect(count('link', { name: 'eth0', up: false })).toBeGreaterThan(0);
  expect(count('link', { name: 'eth0', up: true })).toBeGreaterThan(0);
  if (hasChannels(lab)) expect(count('ethtool', { what: 'channels', name: 'eth0' })).toBe(1);
  if (hasTable(lab)) expect(count('ethtool', { what: 'rss' })).toBe(lab.kernel.name === '7.2' ? 1 : 0);
  expect([count('cpu', { cpu: 1, online: false }), count('cpu', { cpu: 1, online: true })]).toEqual([1, 1]);
  expect(count('socket-closed', { protocol: 'tcp', port: 8080 })).toBe(1);
  expect(count('socket-closed', { protocol: 'udp', port: 8081 })).toBe(1);
});
