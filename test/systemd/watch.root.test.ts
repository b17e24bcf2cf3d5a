/** `watch --install` under a real systemd: start, drift, reload, watchdog, stop with undo, removal. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../integration/servers.ts';
import { type Booted, openMachine } from './machine.ts';

const UNIT = 'locality-tune-watch.service';
const SOCKET = 'locality-tune-watch.socket';
const FILE = '/sys/class/net/v0/queues/rx-0/rps_cpus';

let machine: Booted;
beforeAll(async () => {
  machine = openMachine('watch', 'ip link set lo up; ip link add v0 type veth peer name v1');
  await machine.boot();
});
afterAll(() => machine?.close());

const show = (property: string) => machine.run(`systemctl show ${UNIT} -P ${property}`).trim();
const journal = () => machine.run(`journalctl --no-pager -u ${UNIT} -o cat`);
const value = () => machine.run(`cat ${FILE}`).trim();

it('is shown by a dry run, which writes nothing', () => {
  const text = machine.run('locality-tune watch --baseline now --iface v0 --repair rps --install --dry-run');
  expect(text).toMatch(/^Type=notify$/m);
  expect(text).toMatch(/^ExecStart=.* watch --iface=v0 --baseline=now --repair=rps$/m);
  expect(show('LoadState')).toBe('not-found');
});

it('is written and started, and says how the machine is', () => {
  machine.run('locality-tune watch --baseline now --iface v0 --repair rps --install --yes');
  expect([show('ActiveState'), show('UnitFileState')]).toEqual(['active', 'enabled']);
  expect(show('StatusText')).toMatch(/^\d+ settings as planned$/);
});

it('repairs what a service writes, and names the service', async () => {
  const before = value();
  // It lives on, so that it can be asked for its name.
  machine.run(`systemd-run --unit tuner --quiet sh -c 'echo 1 > ${FILE}; sleep 170; :'`);
  await until(() => journal().includes('repaired'), 'it is repaired');
  expect(journal()).toMatch(
    /rps +v0 rx-0 rps_cpus: .* -> 1 .*\(tuner\.service\), pid \d+, wrote it; repaired/,
  );
  machine.run('systemctl stop tuner');
  expect(value()).toBe(before);
  expect(machine.run(`journalctl --no-pager -u ${UNIT} -p notice..notice -o cat`)).toContain('rps_cpus');
  await until(() => show('StatusText').includes('1 repaired'), 'the status says so');
  expect(machine.run('locality-tune status || true')).toMatch(
    /watcher: pid \d+: \d+ settings as planned; 1 repaired/,
  );
});

it('is reloaded', async () => {
  const pid = show('MainPID');
  machine.run(`systemctl reload ${UNIT}`);
  await until(() => show('SubState') === 'running' && show('MainPID') === pid, 'it is reloaded');
});

it('is killed and started again if it gives no sign of life', async () => {
  // Only now: on a busy machine it would be too soon for the tests above.
  const folder = `/etc/systemd/system/${UNIT}.d`;
  const quick = '[Service]\\nWatchdogSec=3\\nTimeoutAbortSec=1\\nRestartSec=100ms\\n';
  machine.run(
    `mkdir ${folder}; printf '${quick}' > ${folder}/quick.conf; systemctl daemon-reload; systemctl restart ${UNIT}`,
  );
  const pid = show('MainPID');
  expect(pid).not.toBe('0');
  machine.run(`kill -STOP ${pid}`);
  await until(() => show('MainPID') !== pid && show('ActiveState') === 'active', 'it is started again', 60);
  expect(show('StatusText')).toMatch(/^\d+ settings as planned$/);
  machine.run(`rm -r ${folder}; systemctl daemon-reload`);
});

it('is accepted by systemd, and drops privileges that it does not need', () => {
  expect(machine.run(`systemd-analyze verify /etc/systemd/system/${UNIT} 2>&1`)).toBe('');
  const [, exposure] =
    /exposure level for .*: ([\d.]+)/.exec(machine.run(`systemd-analyze security ${UNIT} || true`)) ?? [];
  expect(Number(exposure)).toBeLessThanOrEqual(5);
});

it('serves its metrics on the socket that systemd holds', () => {
  const file = `/etc/systemd/system/${SOCKET}`;
  machine.run(
    `printf '[Socket]\\nListenStream=127.0.0.1:9885\\n' > ${file}; systemctl daemon-reload; systemctl stop ${UNIT}; systemctl start ${SOCKET} ${UNIT}`,
  );
  const text = machine.run('curl -s --max-time 20 http://127.0.0.1:9885/metrics');
  expect(text).toMatch(/^locality_tune_watchers 1$/m);
  expect(text).toMatch(/^locality_tune_drift\{kind="rps",device="v0"\} 0$/m);
  machine.run(`systemctl stop ${SOCKET}; rm ${file}; systemctl daemon-reload`);
});

it('is stopped and removed', () => {
  machine.run('locality-tune watch --uninstall --yes');
  expect([show('ActiveState'), show('LoadState')]).toEqual(['inactive', 'not-found']);
  expect(
    machine.run(`ls /etc/systemd/system/multi-user.target.wants/ /run/locality-tune/watch`),
  ).not.toContain('watch.service');
});

it('undoes what was applied when it stops, if it was told to', () => {
  machine.run('locality-tune undo --all --yes; true');
  const before = value();
  machine.run('locality-tune apply --iface v0 --only xps --yes || true');
  const journals = machine.run('ls /var/lib/locality-tune/journals').trim();
  expect(journals).toContain('.jsonl');
  machine.run('locality-tune watch --on-stop undo --install --yes');
  machine.run(`systemctl stop ${UNIT}`);
  expect(machine.run('ls /var/lib/locality-tune/journals')).not.toMatch(/^\d+\.jsonl$/m);
  expect(value()).toBe(before);
  machine.run('locality-tune watch --uninstall --yes');
});
