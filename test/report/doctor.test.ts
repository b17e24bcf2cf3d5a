import { expect, it } from 'vitest';
import type { Examined } from '../../src/doctor/types.ts';
import { doctorLines } from '../../src/report/doctor.ts';
import { paint } from '../../src/report/style.ts';

const style = { color: false, rules: false, unicode: true, columns: 100 };
const text = (checks: readonly Examined[]) =>
  doctorLines(checks, style)
    .map((line) => paint(line, style).trimEnd())
    .join('\n');
const check = (id: string, ok: boolean | null, fix: string | null, detail = `it is ${id}`): Examined => ({
  id,
  commands: ['measure'],
  ok,
  detail,
  fix,
});

it('says a reason and its remedy once, before everything that works', () => {
  const install = 'apt install bpftrace';
  const checks = [
    check('kernel', true, null),
    check('bpftrace', false, install, 'bpftrace is not installed'),
    check('sysfs', false, 'run it on the host'),
    check('probe-udp', false, install, 'bpftrace is not installed'),
  ];
  expect(text(checks)).toBe(`3 checks of 4 failed. These commands cannot do all of their job: measure.

NO bpftrace is not installed [bpftrace, probe-udp]
   apt install bpftrace

NO it is sysfs [sysfs]
   run it on the host

CHECK   OK   DETAIL
kernel  yes  it is kernel`);
});

it('says what would give more where nothing fails', () => {
  expect(
    text([check('clock', true, 'systemctl restart chrony'), check('btf', null, null)]),
  ).toBe(`Everything works that was checked (2 checks).

CHECK  OK   DETAIL
clock  yes  it is clock
btf    -    it is btf

To get more:
  clock: systemctl restart chrony`);
});
