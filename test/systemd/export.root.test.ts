/** The units of docs/monitoring under a real systemd: the first scrape starts the exporter, in its confinement. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../integration/servers.ts';
import { type Booted, openMachine } from './machine.ts';

const NAME = 'locality-tune-export';
const UNITS = join(import.meta.dirname, '../../docs/monitoring');
const read = (suffix: string): string => readFileSync(join(UNITS, `${NAME}.${suffix}`), 'utf8');

let machine: Booted;
beforeAll(async () => {
  machine = openMachine('export', 'ip link set lo up; ip link add v0 type veth peer name v1');
  await machine.boot();
});
afterAll(() => machine?.close());

const show = (unit: string, property: string) => machine.run(`systemctl show ${unit} -P ${property}`).trim();
const scrape = (path: string) => machine.run(`curl -s --max-time 20 http://127.0.0.1:9884${path}`);

it('starts with the first scrape, on the socket that systemd holds', async () => {
  const command = machine.run('command -v locality-tune').trim();
  // Only where the program is installed, and that nothing is measured here, is different from the shipped file.
  const service = read('service').replace(
    '/usr/bin/locality-tune export --sample 5/60',
    `${command} export --no-slots`,
  );
  expect(service).toContain(`ExecStart=${command} export --no-slots\n`);
  for (const [suffix, text] of [
    ['service', service],
    ['socket', read('socket')],
  ])
    machine.run(`cat > /etc/systemd/system/${NAME}.${suffix} <<'END'\n${text}END`);
  machine.run(`systemctl daemon-reload; systemctl enable --now ${NAME}.socket`);
  expect([show(`${NAME}.socket`, 'ActiveState'), show(`${NAME}.service`, 'ActiveState')]).toEqual([
    'active',
    'inactive',
  ]);
  const text = scrape('/metrics');
  expect(text).toMatch(/^locality_tune_build_info\{version="[^"]+"\} 1$/m);
  expect(text).toMatch(/^locality_tune_device_queues\{device="v0",direction="rx"\} \d+$/m);
  await until(() => show(`${NAME}.service`, 'ActiveState') === 'active', 'systemd knows that it is ready');
});

it('stays within its confinement: healthy, no complaint in the journal, and ended at once', async () => {
  expect(scrape('/-/healthy')).toBe('healthy\n');
  machine.run(`systemctl stop ${NAME}.service`);
  expect(show(`${NAME}.service`, 'Result')).toBe('success');
  expect(machine.run(`journalctl --quiet --no-pager -u ${NAME}.service -p warning -o cat`)).toBe('');
  // The socket is still there: the next scrape starts it again.
  await until(() => scrape('/-/ready') !== '', 'it is started again');
});
