/** doctor as root, without root, with fewer capabilities, and with namespaces of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Examined } from '../../src/doctor/types.ts';
import { ENTRY } from '../integration/cli.ts';

/** @param before words of a command that becomes it @param script shell commands that come first */
function doctor(
  before: readonly string[],
  args: readonly string[],
  script = '',
): Promise<{ code: number; checks: Map<string, Examined> }> {
  const line = `${script}exec "$@"`;
  const words = [...before, 'sh', '-ec', line, 'sh', process.execPath, ENTRY, 'doctor', '--json', ...args];
  return new Promise((resolve, reject) => {
    execFile(words[0] ?? '', words.slice(1), (error, stdout, stderr) => {
      if (stdout === '') return reject(error ?? new Error(stderr));
      const { checks } = JSON.parse(stdout) as { checks: Examined[] };
      resolve({ code: Number(error?.code ?? 0), checks: new Map(checks.map((each) => [each.id, each])) });
    });
  });
}

const QUICK = ['--no-probes'];
const failed = (checks: ReadonlyMap<string, Examined>): string[] =>
  [...checks.values()].filter(({ ok }) => ok === false).map(({ id }) => id);

describe('doctor', () => {
  it('as root loads a probe of each kind', async () => {
    const { checks } = await doctor([], []);
    for (const id of ['bpftrace', 'probe-slots', 'probe-skb', 'probe-accept', 'probe-udp', 'pidfd-getfd'])
      expect(checks.get(id)).toMatchObject({ id, ok: true });
    // bpftrace starts six times, each for up to 20 s on a busy machine.
  }, 300_000);

  it('as nobody says to run it as root, and fails', async () => {
    const { code, checks } = await doctor(
      ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
      QUICK,
    );
    expect(code).toBe(1);
    for (const name of ['net-admin', 'sys-admin', 'sys-nice', 'sys-ptrace', 'dac-read-search'])
      expect(checks.get(`cap-${name}`)).toMatchObject({
        ok: false,
        fix: 'run it as root: sudo locality-tune doctor',
      });
    expect(checks.get('state')?.ok).toBeNull();
    expect(checks.get('probe-slots')?.ok).toBeNull();
  });

  it('names only the capability that is missing, and fails only for commands that need it', async () => {
    const without = ['setpriv', '--bounding-set=-sys_nice'];
    const { code, checks } = await doctor(without, QUICK);
    expect(code).toBe(1);
    expect(failed(checks)).toContain('cap-sys-nice');
    expect(failed(checks)).not.toContain('cap-net-admin');
    expect(checks.get('cap-sys-nice')?.fix).toMatch(/SYS_NICE/);
    const other = await doctor(without, [...QUICK, '--for', 'measure']);
    expect(failed(other.checks)).not.toContain('cap-sys-nice');
  });

  it('sees a user namespace', async () => {
    const { code, checks } = await doctor(['unshare', '--user', '--map-root-user'], QUICK);
    expect(code).toBe(1);
    expect(failed(checks)).toContain('user-namespace');
  });

  it('sees a network namespace whose interfaces /sys does not show', async () => {
    const script = 'ip link add name lt-doc0 type veth peer name lt-doc1; ';
    const { checks } = await doctor(['unshare', '--net'], QUICK, script);
    expect(checks.get('sysfs-namespace')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('lt-doc0'),
    });
  });

  it('sees settings that are read-only, and interrupts that are hidden', async () => {
    const script = 'mount -o bind,ro /proc/irq /proc/irq; mount --bind /dev/null /proc/interrupts; ';
    const { code, checks } = await doctor(['unshare', '--mount'], [...QUICK, '--for', 'apply'], script);
    expect(code).toBe(1);
    expect(failed(checks)).toEqual(['interrupts', 'procfs']);
  });

  it('prints a remedy for hidden processes that works as printed', async () => {
    const inside = ['unshare', '--mount', '--pid', '--fork', '--mount-proc'];
    const asNobody = 'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; ';
    const hide = 'mount -o remount,hidepid=2 /proc; ';
    const before = await doctor(inside, QUICK, hide + asNobody);
    expect(before.checks.get('hidepid')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('hidepid='),
    });
    // As root it needs no sudo.
    const fix = before.checks.get('hidepid')?.fix?.replace(/^sudo /, '') ?? '';
    const after = await doctor(inside, QUICK, `${hide}${fix}; ${asNobody}`);
    expect(after.checks.get('hidepid')).toMatchObject({ ok: true });
  });

  it('examines the files of a captured tree', async () => {
    const root = join(import.meta.dirname, '../fixtures/trees/bnxt');
    const { code, checks } = await doctor([], ['--root', root]);
    expect(code).toBe(0);
    expect(checks.get('interrupts')?.ok).toBe(true);
    expect(checks.get('bpftrace')?.ok).toBeNull();
  });
});
