/** `live --record` on a disk that fills up, with probes that run. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ENTRY } from '../integration/cli.ts';

it('ends, and says why', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lt-full-'));
  try {
    const script = `mount -t tmpfs -o size=4k none ${folder} && exec "$@"`;
    const live = [
      process.execPath,
      ENTRY,
      'live',
      '--json',
      '--interval',
      '1',
      '--record',
      join(folder, 'recording'),
    ];
    const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script, 'sh', ...live], {
      encoding: 'utf8',
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const { error } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    expect(error).toMatchObject({ code: 'ENOSPC', message: expect.stringContaining('--record') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
