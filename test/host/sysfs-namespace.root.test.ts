import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreignInterfaces } from '../../src/host/sysfs-namespace.ts';
import { openFiles } from '../../src/system/files.ts';
import { cli, cliBehind } from '../integration/cli.ts';

const NAME = `lt-sysfs-${process.pid}`;
/** This leaves the /sys of the host in place. */
const ENTERED = ['nsenter', `--net=/run/netns/${NAME}`];
const state = mkdtempSync(join(tmpdir(), 'lt-sysfs-'));
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const xps = () => ip('netns', 'exec', NAME, 'cat', '/sys/class/net/lt0/queues/tx-0/xps_cpus').trim();

describe('a /sys of another network namespace', () => {
  beforeAll(() => {
    process.env['LOCALITY_TUNE_STATE'] = state;
    ip('netns', 'add', NAME);
    ip('-n', NAME, 'link', 'add', 'lt0', 'numtxqueues', '4', 'type', 'veth', 'peer', 'name', 'lt1');
    for (const link of ['lo', 'lt0', 'lt1']) ip('-n', NAME, 'link', 'set', link, 'up');
  });
  afterAll(() => {
    delete process.env['LOCALITY_TUNE_STATE'];
    rmSync(state, { recursive: true });
    ip('netns', 'del', NAME);
  });

  it('is no source: no NIC is read, and a note says what to do', async () => {
    const { code, stdout } = await cliBehind(ENTERED, 'inspect', '--no-slots', '--json');
    expect(code).toBe(0);
    const { nics, notes } = JSON.parse(stdout);
    expect(nics).toEqual([]);
    expect(notes.join('\n')).toMatch(/no NIC was read: \/sys shows another network namespace .*--netns/);
    expect(notes.join('\n')).not.toContain('ENODEV');
  });

  it('is not asked for the interface of --iface either', async () => {
    const { code, stderr } = await cliBehind(ENTERED, 'inspect', '--no-slots', '--iface', 'lt0');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^locality-tune: --iface lt0: \/sys shows another network .*--netns/),
    ]);
  });

  it('is never written: what was applied there is not undone here', async () => {
    const before = xps();
    const there = ['--netns', NAME];
    const applied = await cli('apply', ...there, '--iface', 'lt0', '--yes');
    expect(applied.code, applied.stderr).toBe(0);
    expect(xps()).not.toBe(before);
    const refused = await cliBehind(ENTERED, 'undo', '--yes');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/\/sys: \/sys shows another network namespace .*--netns/),
    ]);
    // From the host the journal is named, with the way to it.
    const outside = await cli('undo', '--yes');
    expect([outside.code, outside.stderr]).toEqual([1, expect.stringMatching(new RegExp(`--netns ${NAME}`))]);
    const undone = await cli('undo', ...there, '--yes');
    expect(undone.code, undone.stderr).toBe(0);
    expect(xps()).toBe(before);
  });
});

it('is what it is with any name that an interface may have', () => {
  const script = [
    `import { foreignInterfaces } from '${new URL('../../src/host/sysfs-namespace.ts', import.meta.url).pathname}';`,
    `import { openFiles } from '${new URL('../../src/system/files.ts', import.meta.url).pathname}';`,
    "console.log(JSON.stringify(foreignInterfaces(openFiles('/'))));",
  ].join('\n');
  const made = 'mount -t sysfs none /sys; ip link add "a|b" type veth peer name c; exec "$@"';
  const seen = execFileSync(
    'unshare',
    ['--net', '--mount', 'sh', '-ec', made, 'sh', process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(seen)).toEqual([]);
});

it('here /sys is that of this process', () => {
  expect(foreignInterfaces(openFiles('/'))).toEqual([]);
});
