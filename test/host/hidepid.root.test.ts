import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

/** `inspect` of an unprivileged user, with a /proc of its own (since Linux 5.8 the option is not everyone's). */
function inspect(hidepid: string) {
  const mount = `mount -t proc -o hidepid=${hidepid} proc /proc && exec "$@"`;
  const program = [process.execPath, ENTRY, 'inspect', '--no-slots', '--json'];
  const args = ['--mount', 'sh', '-c', mount, 'sh', ...NOBODY, ...program];
  const { status, stdout } = spawnSync('unshare', args, { encoding: 'utf8' });
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

const HIDES = "/proc hides other users' processes (hidepid), so workers may be missing (run as root)";

it.each(['1', '2'])(
  'with hidepid=%s it is not known whether irqbalance runs, and a note says why',
  (hidepid) => {
    const { host, notes } = inspect(hidepid);
    expect(host.irqbalance).toEqual({ running: null, bannedIrqs: null });
    expect(notes).toContain(HIDES);
  },
);

it('without hidepid nothing is hidden', () => {
  const { host, notes } = inspect('0');
  expect(host.irqbalance.running).not.toBeNull();
  expect(notes).not.toContain(HIDES);
});
