/** What systemd is told, what it does then, and which unit a writer belongs to. */
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../integration/servers.ts';
import { type Booted, openMachine } from './machine.ts';

/** One of sysfs, one of procfs. */
const FILE = '/sys/class/net/v0/queues/rx-0/rps_cpus';
const BACKLOG = '/proc/sys/net/core/somaxconn';
const INSTALLED = '/opt/locality-tune/dist/src/system/service.mjs';

const unit = (name: string, text: string) =>
  `cat > /etc/systemd/system/${name} << 'END'\n${text.trim()}\nEND\n`;

const SERVICE = `
[Service]
Type=notify
ExecStart=/opt/node ${INSTALLED} ${FILE} ${BACKLOG}
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=5
Restart=on-failure
RestartSec=100ms
TimeoutAbortSec=1
`;

let machine: Booted;
beforeAll(async () => {
  machine = openMachine('service', 'ip link add v0 type veth peer name v1');
  await machine.boot();
  const [bundle] = buildSync({
    entryPoints: [join(import.meta.dirname, 'service.ts')],
    bundle: true,
    minify: true,
    write: false,
    platform: 'node',
    format: 'esm',
  }).outputFiles;
  machine.run(`cat > ${INSTALLED} << 'END'\n${bundle?.text}\nEND\n`);
  machine.run(
    unit('heard.service', SERVICE) +
      unit('deaf.service', `${SERVICE}ProtectProc=invisible\n`) +
      unit(
        'heard.socket',
        '[Socket]\nListenStream=127.0.0.1:7000\nFileDescriptorName=metrics\n[Install]\nWantedBy=sockets.target',
      ) +
      unit('deaf.socket', '[Socket]\nListenStream=127.0.0.1:7001\nFileDescriptorName=metrics') +
      unit(
        'writer.service',
        `[Service]\nExecStart=/bin/sh -c 'echo 1 > ${FILE}; echo 4096 > ${BACKLOG}; sleep 170; :'`,
      ) +
      'systemctl daemon-reload; systemctl start heard.socket deaf.socket; systemctl start heard.service deaf.service',
  );
});
afterAll(() => machine?.close());

const show = (property: string, name = 'heard.service') =>
  machine.run(`systemctl show ${name} -P ${property}`).trim();
const ask = (what: string, port = 7000) =>
  JSON.parse(machine.run(`exec 3<> /dev/tcp/127.0.0.1/${port}; echo ${what} >&3; cat <&3`));

it('is started when it says so, with its socket and its watchdog', () => {
  expect([show('ActiveState'), show('StatusText'), show('NotifyAccess')]).toEqual([
    'active',
    '6 sources',
    'main',
  ]);
  expect(ask('state')).toMatchObject({ name: 'metrics', interval: 5000 });
});

it('hears a write with the unit that made it', async () => {
  machine.run('systemctl start writer.service');
  await until(() => ask('state').heard.length === 2, 'both writes are heard');
  machine.run('systemctl stop writer.service');
  for (const by of ask('state').heard) expect(by).toMatchObject({ comm: 'sh', unit: 'writer.service' });
});

it('hears nothing of procfs with ProtectProc=', async () => {
  await until(() => ask('state', 7001).heard.length > 0, 'a write is heard');
  expect(ask('state', 7001).heard).toHaveLength(1);
});

it('is reloaded', () => {
  const pid = show('MainPID');
  machine.run('systemctl reload heard.service');
  return until(() => show('StatusText') === 'read again' && show('MainPID') === pid, 'it is reloaded');
});

it('is killed and started again if it gives no sign of life', async () => {
  const pid = show('MainPID');
  ask('hang');
  await until(() => show('MainPID') !== pid && show('ActiveState') === 'active', 'it is started again');
  expect(show('NRestarts')).toBe('1');
  expect(machine.run('journalctl --no-pager -u heard.service')).toContain('Watchdog timeout');
});

it('is stopped', () => {
  machine.run('systemctl stop heard.service');
  expect([show('ActiveState'), show('Result')]).toEqual(['inactive', 'success']);
});
