/** Interfaces that get another name after an apply, as udev rules and administrators give it, and those that swap theirs. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
beforeAll(() => {
  lab = openLab('rename');
});
afterAll(() => lab?.end());

const XPS = 'cat /sys/class/net/NAME/queues/tx-*/xps_cpus';
const xps = (name: string) => lab.sh(XPS.replace('NAME', name));
const rename = (name: string, to: string) =>
  lab.sh(`ip link set ${name} down; ip link set ${name} name ${to}; ip link set ${to} up`);

it('keep the way back, and are compared under their new names', () => {
  const before = [xps('v0'), xps('v1')];
  expect(lab.tune(['apply', '--iface', 'v0', '--yes']).code).toBe(0);
  const [set] = [xps('v0')];
  expect(set).not.toBe(before[0]);

  rename('v0', 'lan');
  const renamed = lab.tune(['status', '-j']);
  expect(JSON.parse(renamed.stdout)).toMatchObject({ verdict: 'as-set', drift: [] });
  expect(renamed.stdout).toContain('lan tx-0 xps_cpus');

  // The other interface has the name now.
  rename('v1', 'v0');
  expect(JSON.parse(lab.tune(['status', '-j']).stdout)).toMatchObject({ verdict: 'as-set', drift: [] });
  const planned = lab.tune(['apply', '--iface', 'lan', '--yes']);
  expect(planned.stdout + planned.stderr).not.toContain('failed');
  expect(xps('lan')).toBe(set);

  const undone = lab.tune(['undo', '--yes', '-j']);
  expect(undone.code).toBe(0);
  const { restored, skipped } = JSON.parse(undone.stdout);
  expect(skipped).toEqual([]);
  expect(undone.stdout).not.toMatch(/v0(?!")/);
  for (const { subject, target, formerNic, command } of restored)
    expect({ subject, nic: target.nic, formerNic, command }).toEqual({
      subject: expect.stringMatching(/^lan tx-/),
      nic: 'lan',
      formerNic: 'v0',
      command: expect.stringContaining('> /sys/class/net/lan/queues/tx-'),
    });
  expect([xps('lan'), xps('v0')]).toEqual(before);
  expect(readdirSync(join(lab.state, 'journals'))).toEqual(['1.undone.jsonl']);
});
