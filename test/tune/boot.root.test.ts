import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CAPABILITIES } from '../../src/tune/unit.ts';
import { ENTRY } from '../integration/cli.ts';
import { type Lab, openLab } from './lab.ts';

let lab: Lab;
let units: string;
beforeAll(() => {
  lab = openLab('boot');
  units = mkdtempSync(join(tmpdir(), 'lt-units-'));
});
afterAll(() => {
  lab?.end();
  rmSync(units, { recursive: true, force: true });
});

it('--persist applies the plan again after a boot, and one undo restores settings and removes the unit', () => {
  const environment = { LOCALITY_TUNE_UNITS: units };
  const before = lab.settings();
  const applied = lab.tune(['apply', '--iface', 'v0', '--yes', '--persist', '-j'], environment);
  expect(JSON.parse(applied.stdout)).toMatchObject({ journal: '1', failed: [] });
  const after = lab.settings();
  expect(after).not.toBe(before);
  const unit = readFileSync(join(units, 'multi-user.target.wants/locality-tune-1.service'), 'utf8');

  // A boot: the kernel has forgotten all of it, and calls itself another.
  const path = join(lab.state, 'journals/1.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"before"'));
  lab.sh('for file in /sys/class/net/v0/queues/tx-*/xps_cpus; do echo 0 > $file; done');
  expect(lab.settings()).toBe(before);
  const [, command = 'false'] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  // What systemd would keep from it, as far as that can be had without systemd.
  const readOnly = `mount --bind ${lab.state} ${lab.state} && mount -o remount,ro,bind / && exec "$@"`;
  const capabilities = CAPABILITIES.map((name) => `+${name.toLowerCase()}`).join();
  const confined = `unshare --mount sh -c '${readOnly}' sh setpriv --bounding-set=-all,${capabilities} --no-new-privs`;
  lab.sh(`LOCALITY_TUNE_STATE=${lab.state} LOCALITY_TUNE_UNITS=${units} ${confined} ${command}`);
  expect(lab.settings()).toBe(after);
  expect(readdirSync(join(lab.state, 'journals')).sort()).toEqual(['1.undone.jsonl', '2.jsonl']);

  expect(lab.tune(['status'], environment).stdout).toContain('applied at boot by locality-tune-1.service');
  expect(lab.tune(['undo', '--yes'], environment).code).toBe(0);
  expect(lab.settings()).toBe(before);
  expect(readdirSync(units)).toEqual(['multi-user.target.wants']);
  expect(readdirSync(join(units, 'multi-user.target.wants'))).toEqual([]);
  expect(existsSync(join(lab.state, 'saved/1.json'))).toBe(false);
});

it('the unit is accepted by systemd, and drops privileges that it does not need', () => {
  const environment = { LOCALITY_TUNE_UNITS: units };
  lab.tune(['apply', '--iface', 'v0', '--yes', '--persist'], environment);
  const [name = ''] = readdirSync(units).filter((each) => each.endsWith('.service'));
  const analyze = (...args: string[]) =>
    spawnSync('systemd-analyze', [...args, join(units, name)], { encoding: 'utf8' });
  const verified = analyze('verify');
  // Only where systemd is installed is there anyone to ask.
  if (verified.error === undefined) {
    expect([verified.status, verified.stderr]).toEqual([0, '']);
    const [, exposure] =
      /exposure level for .*: ([\d.]+)/.exec(analyze('security', '--offline=true').stdout) ?? [];
    expect(Number(exposure)).toBeLessThanOrEqual(4.1);
  }
  lab.tune(['undo', '--yes'], environment);
});

it('a unit whose program others could change is refused, before anything is changed', () => {
  const before = lab.settings();
  const folder = mkdtempSync(join(tmpdir(), 'lt-entry-'));
  const entry = join(folder, 'entry.cjs');
  writeFileSync(entry, `require('${ENTRY}');`, { mode: 0o666 });
  chmodSync(entry, 0o666);
  const out = lab.sh(
    `LOCALITY_TUNE_UNITS=${units} ${process.execPath} ${entry} apply --iface v0 --yes --persist -j || true`,
  );
  expect(JSON.parse(out).error).toMatchObject({
    code: 'not-trusted',
    message: `a unit would run ${entry} as root, but ${entry} can be written by others than its owner (mode 0666), so it is not used`,
  });
  expect(lab.settings()).toBe(before);
  rmSync(folder, { recursive: true });
});

it('a unit that cannot be written leaves its settings in force, and the journal without it', () => {
  const blocked = join(units, 'blocked');
  writeFileSync(blocked, '');
  const before = lab.settings();
  const environment = { LOCALITY_TUNE_UNITS: blocked };
  const { code, stdout } = lab.tune(['apply', '--iface', 'v0', '--yes', '--persist', '-j'], environment);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).error.message).toMatch(
    /^the settings were applied \(journal \d+\), but their unit could not be written: /,
  );
  const { journals } = JSON.parse(lab.tune(['status', '-j'], environment).stdout);
  expect(journals).toMatchObject([{ units: [], ended: true }]);
  expect(lab.tune(['undo', '--yes'], environment).code).toBe(0);
  expect(lab.settings()).toBe(before);
  rmSync(blocked);
});

it('a unit that cannot be removed is named, exit 1, and its journal is kept until it can', () => {
  const environment = { LOCALITY_TUNE_UNITS: units };
  const before = lab.settings();
  lab.tune(['apply', '--iface', 'v0', '--yes', '--persist'], environment);
  const [name = ''] = readdirSync(units).filter((each) => each.endsWith('.service'));
  rmSync(join(units, name));
  mkdirSync(join(units, name));
  const { code, stdout } = lab.tune(['undo', '--yes', '-j'], environment);
  expect([code, lab.settings()]).toEqual([1, before]);
  expect(JSON.parse(stdout).left).toEqual([
    expect.stringMatching(
      /\.service could not be removed \(\w+\): remove it by hand, otherwise it is applied at boot$/,
    ),
  ]);
  rmSync(join(units, name), { recursive: true });
  expect(lab.tune(['undo', '--yes'], environment).code).toBe(0);
  expect(lab.tune(['status'], environment).stdout).toBe('nothing is applied\n');
});

it('after a boot undo removes a unit that could not apply its plan', () => {
  const environment = { LOCALITY_TUNE_UNITS: units };
  lab.tune(['apply', '--iface', 'v0', '--yes', '--persist'], environment);
  const [name = ''] = readdirSync(join(lab.state, 'journals')).filter((each) => !each.includes('undone'));
  const path = join(lab.state, 'journals', name);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"before"'));
  const { code, stdout } = lab.tune(['undo', '--yes'], environment);
  expect(code).toBe(0);
  expect(stdout).toMatch(/locality-tune-\d+\.service is removed.*made before this boot/s);
  expect(readdirSync(units)).toEqual(['multi-user.target.wants']);
});
