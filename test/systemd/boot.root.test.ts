/** A plan that `apply --persist` has kept, on a machine that boots systemd. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Booted, openMachine } from './machine.ts';

const QUEUES = 'numrxqueues 4 numtxqueues 4';
const DEVICES = `
ip link add v0 ${QUEUES} type veth peer name v1 ${QUEUES}
ip link set v0 up; ip link set v1 up`;

let machine: Booted;
beforeAll(() => {
  machine = openMachine('boot', DEVICES);
});
afterAll(() => machine?.close());

const settings = () => machine.run('grep -r . /sys/class/net/v0/queues | sort');
const show = (unit: string, property: string) => machine.run(`systemctl show ${unit} -P ${property}`).trim();

it('is applied by its unit at boot, again after the next one, and no more after undo', async () => {
  await machine.boot();
  const untouched = settings();
  const applied = JSON.parse(machine.run('locality-tune apply --iface v0 --persist --yes -j'));
  expect(applied).toMatchObject({ failed: [], journal: '1' });
  expect(applied.done.length).toBeGreaterThan(0);
  const tuned = settings();
  expect(tuned).not.toBe(untouched);
  const unit = 'locality-tune-1.service';
  expect(show(unit, 'UnitFileState')).toBe('enabled');

  for (let boots = 0; boots < 2; boots++) {
    await machine.reboot();
    expect({ log: machine.run(`journalctl --no-pager -u ${unit}`), settings: settings() }).toMatchObject({
      log: expect.not.stringContaining('Failed'),
      settings: tuned,
    });
    expect([show(unit, 'ActiveState'), show(unit, 'Result')]).toEqual(['active', 'success']);
    const { journals, drift } = JSON.parse(machine.run('locality-tune status -j'));
    expect({ journals, drift }).toMatchObject({ journals: [{}], drift: [] });
  }

  const undone = JSON.parse(machine.run('locality-tune undo --yes -j'));
  expect(undone).toMatchObject({ skipped: [], left: [] });
  expect(settings()).toBe(untouched);
  expect(machine.run('find /etc/systemd/system /var/lib/locality-tune/saved -type f -o -type l')).toBe('');
  await machine.reboot();
  expect(settings()).toBe(untouched);
}, 300_000);
