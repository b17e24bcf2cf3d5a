/** A plan that `apply --persist` has kept, on a machine that boots systemd. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BALANCER } from '../balance/one-backend.ts';
import { type Booted, openMachine } from './machine.ts';

const QUEUES = 'numrxqueues 4 numtxqueues 4';
const DEVICES = `
ip link add v0 address 02:00:00:00:00:01 ${QUEUES} type veth peer name v1 address 02:00:00:00:00:02 ${QUEUES}
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

it('is a spread by XDP, beside another unit, until it is detached', async () => {
  const before = settings();
  const json = (command: string) => JSON.parse(machine.run(`locality-tune ${command} -j`));
  const SPREAD = 'xdp spread --iface v0 --mode generic --port 4000 --yes';
  expect(json('apply --iface v0 --persist --yes')).toMatchObject({ failed: [] });
  expect(json(`${SPREAD} --by random --cpus 0 --persist`)).toMatchObject({
    changed: true,
    notes: [expect.stringContaining('applies it again at boot')],
  });
  // Another one takes its place, at boot only if that is asked for.
  const [warned] = json(`${SPREAD} --by flow --cpus 0-1`).notes;
  expect(warned).toMatch(/^at boot, locality-tune-\d+.service attaches what was there before/);
  const { changed, notes } = json(`${SPREAD} --by flow --cpus 0-1 --persist`);
  expect({ changed, notes }).toEqual({
    changed: false,
    notes: [
      expect.stringContaining('applies it again at boot'),
      expect.stringMatching(/^locality-tune-\d+.service, which attached what was there before, is removed$/),
    ],
  });
  const found = () => {
    const [{ by, cpus, mode, program }] = json('xdp status').interfaces;
    return { by, cpus, mode, name: program.name };
  };
  const attached = found();
  const tuned = settings();
  expect(attached).toEqual({ by: 'flow', cpus: [0, 1], mode: 'generic', name: 'lt_spread_flow' });

  await machine.reboot();
  const units = machine.run('ls /etc/systemd/system').match(/locality-tune-\d+.service/g) ?? [];
  expect(units).toHaveLength(2);
  for (const unit of units)
    expect({
      unit,
      result: show(unit, 'Result'),
      state: show(unit, 'ActiveState'),
      log: machine.run(`journalctl --no-pager -b -u ${unit}`),
    }).toMatchObject({ result: 'success', state: 'active' });
  expect([found(), settings()]).toEqual([attached, tuned]);

  expect(json('xdp detach --iface v0 --yes').detached).toBe(true);
  expect(machine.run('find /etc/systemd/system -name "locality-tune-*" -type f | wc -l').trim()).toBe('1');
  expect(json('undo --all --yes').journals.flatMap(({ left }: { left: string[] }) => left)).toEqual([]);
  expect(settings()).toBe(before);
}, 300_000);

it('are random source ports and a balancer, until they are undone', async () => {
  const before = settings();
  const json = (command: string) => JSON.parse(machine.run(`locality-tune ${command} -j`));
  machine.run(`echo '${JSON.stringify(BALANCER)}' > /tmp/web.json`);
  for (const command of [
    'xdp sport --iface v0 --mode generic --port 4000 --restore --persist --yes',
    'balance apply /tmp/web.json --iface v1 --mode generic --persist --yes',
  ])
    expect([command, json(command)]).toEqual([command, expect.objectContaining({ changed: true })]);
  const found = () => {
    const [balancer] = json('balance status').balancers;
    return {
      programs: json('xdp status').interfaces.map(
        ({ iface, program }: { iface: string; program: object }) => [iface, program],
      ),
      digest: balancer.digest,
      warnings: balancer.warnings,
      egress: machine.run('tc filter show dev v0 egress | grep -c direct-action || true').trim(),
    };
  };
  const attached = withoutIds(found());
  expect(attached).toMatchObject({ egress: '1', warnings: [] });

  await machine.reboot();
  expect(withoutIds(found())).toEqual(attached);

  expect(json('undo --all --yes').journals.flatMap(({ left }: { left: string[] }) => left)).toEqual([]);
  expect(machine.run('ip link | grep -c xdp || true').trim()).toBe('0');
  expect(machine.run('find /etc/systemd/system -name "locality-tune-*" -type f')).toBe('');
  expect(settings()).toBe(before);
}, 300_000);

/** The kernel gives new numbers after a reboot. */
const withoutIds = (found: unknown): unknown =>
  JSON.parse(JSON.stringify(found, (key, value) => (key === 'id' || key === 'loadedAt' ? undefined : value)));
