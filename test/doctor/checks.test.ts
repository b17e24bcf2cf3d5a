/** The checks that read only files, on trees that lack things. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { CHECKS, COMMANDS, examine, hasFailed } from '../../src/doctor/doctor.ts';
import { mountOf } from '../../src/doctor/surroundings.ts';
import type { Examined } from '../../src/doctor/types.ts';
import { hasCapability } from '../../src/system/capabilities.ts';
import { openFiles } from '../../src/system/files.ts';
import { packageRoot } from '../../src/system/package.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function tree(texts: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'locality-tune-doctor-'));
  folders.push(root);
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return openFiles(root);
}

async function check(id: string, texts: Readonly<Record<string, string>>): Promise<Examined> {
  const found = (await examine({ files: tree(texts), live: null })).find((each) => each.id === id);
  if (found === undefined) throw new Error(`no check ${id}`);
  return found;
}

const MOUNTS = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid - proc proc rw,hidepid=invisible
24 22 0:22 / /sys ro,nosuid - sysfs sysfs rw
25 23 0:21 /irq /proc/irq ro,nosuid - proc proc rw
`;

describe('fails', () => {
  it.each([
    [
      'kernel',
      { 'proc/sys/kernel/osrelease': '5.4.0-216-generic\n' },
      /5\.4\.0.* is too old/,
      /5\.6 or later/,
    ],
    ['kernel', { 'proc/sys/kernel/osrelease': '4.18.0-553.el8\n' }, /too old/, /install/],
    [
      'lockdown',
      { 'sys/kernel/security/lockdown': 'none integrity [confidentiality]\n' },
      /cannot read/,
      /integrity/,
    ],
    ['ptrace-scope', { 'proc/sys/kernel/yama/ptrace_scope': '3\n' }, /also to root/, /reboot/],
    [
      'tracefs',
      { 'sys/kernel/tracing/events/sched/enable': '' },
      /no tracepoints of system calls/,
      /FTRACE_SYSCALLS/,
    ],
    ['interrupts', { 'proc/interrupts': '' }, /is empty/, /on the host, with --netns/],
    ['interrupts', { 'proc/version': 'Linux' }, /cannot be read/, /on the host/],
    [
      'sysfs',
      { 'proc/self/mountinfo': MOUNTS },
      /^\/sys is mounted read-only/,
      /^mount -o remount,bind,rw \/sys$/,
    ],
    [
      'procfs',
      { 'proc/self/mountinfo': MOUNTS },
      /^\/proc\/irq is mounted read-only/,
      /remount,bind,rw \/proc\/irq$/,
    ],
    ['procfs', { 'proc/self/mountinfo': MOUNTS, '.dockerenv': '' }, /read-only/, /on the host.*--privileged/],
    [
      'hidepid',
      { 'proc/self/mountinfo': MOUNTS },
      /hidepid=invisible/,
      /^mount -o remount,hidepid=0 \/proc$/,
    ],
  ])('%s: %j', async (id, texts, detail, fix) => {
    const found = await check(id, texts);
    expect(found).toMatchObject({
      ok: false,
      detail: expect.stringMatching(detail),
      fix: expect.stringMatching(fix),
    });
  });
});

describe('works', () => {
  it.each([
    ['kernel', { 'proc/sys/kernel/osrelease': '5.6.0\n' }],
    ['kernel', { 'proc/sys/kernel/osrelease': '6.12.9-amd64\n' }],
    ['lockdown', { 'sys/kernel/security/lockdown': '[none] integrity confidentiality\n' }],
    ['lockdown', { 'sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' }],
    ['ptrace-scope', { 'proc/sys/kernel/yama/ptrace_scope': '0\n' }],
    [
      'ptrace-scope',
      { 'proc/sys/kernel/yama/ptrace_scope': '2\n', 'proc/self/status': 'CapEff:\t000001ffffffffff\n' },
    ],
    ['interrupts', { 'proc/interrupts': '           CPU0\n  1:  9  IO-APIC\n' }],
    ['tracefs', { 'sys/kernel/debug/tracing/events/syscalls/enable': '' }],
    ['sysfs', { 'proc/self/mountinfo': MOUNTS.replace('/sys ro', '/sys rw') }],
    ['hidepid', { 'proc/self/mountinfo': MOUNTS.replace(',hidepid=invisible', '') }],
    ['clock', { 'sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n' }],
  ])('%s: %j', async (id, texts) => {
    expect(await check(id, texts)).toMatchObject({ ok: true, fix: null });
  });

  it('but a slow clock can be replaced', async () => {
    const folder = 'sys/devices/system/clocksource/clocksource0';
    const found = await check('clock', {
      [`${folder}/current_clocksource`]: 'hpet\n',
      [`${folder}/available_clocksource`]: 'tsc hpet acpi_pm \n',
    });
    expect(found).toMatchObject({ ok: true, fix: `echo tsc | tee /${folder}/current_clocksource` });
  });
});

it('an empty tree makes nothing fail, and nothing known', async () => {
  const examined = await examine({ files: tree({}), live: null });
  expect(examined.map(({ id }) => id)).toEqual(CHECKS.map(({ id }) => id));
  expect(examined.filter(({ ok }) => ok !== null)).toEqual([]);
  expect(hasFailed(examined)).toBe(false);
});

it('checks only what a command needs', async () => {
  const files = tree({ 'proc/self/mountinfo': MOUNTS });
  const examined = await examine({ files, live: null }, ['measure']);
  expect(examined.map(({ id }) => id)).toContain('bpftrace');
  expect(examined.map(({ id }) => id)).not.toContain('sysfs');
  expect(hasFailed(examined)).toBe(false);
  expect(hasFailed(await examine({ files, live: null }, ['measure', 'apply']))).toBe(true);
});

it('reads mounts and capabilities of any text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.constant(MOUNTS).chain((text) => fc.nat(text.length).map((at) => text.slice(at))),
      ),
      (text) => {
        const files = { ...openFiles('/'), text: () => text };
        const mount = mountOf(files, '/sys/class/net');
        expect(mount === null || '/sys/class/net'.startsWith(mount.point)).toBe(true);
        expect([true, false, null]).toContain(hasCapability(files, 'CapEff', 'NET_ADMIN'));
      },
    ),
    { seed: 1 },
  );
  const status = { ...openFiles('/'), text: () => 'CapEff:\t0000000000001000\n' };
  expect(hasCapability(status, 'CapEff', 'NET_ADMIN')).toBe(true);
  expect(hasCapability(status, 'CapEff', 'SYS_ADMIN')).toBe(false);
});

it('names commands that exist', async () => {
  const names = (await createProgram([])).commands.map((command) => command.name());
  expect(COMMANDS.filter((name) => !names.includes(name))).toEqual([]);
  for (const { commands } of CHECKS) expect(commands.filter((name) => !COMMANDS.includes(name))).toEqual([]);
});

it('docs/doctor.md explains each check, in their order', () => {
  const page = readFileSync(join(packageRoot, 'docs/doctor.md'), 'utf8');
  const ids = Array.from(page.matchAll(/^\| `([a-z-]+)` \|/gm), ([, id]) => id);
  expect(ids).toEqual(CHECKS.map(({ id }) => id));
});
