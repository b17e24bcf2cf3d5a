/** An archive of a tree, with the same bytes every time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** As https://reproducible-builds.org/docs/archives/ recommends; root owns all. */
export async function archive(tree: string, file: string, date: number, level: number): Promise<void> {
  const tar = spawn(
    'tar',
    [
      '--format=gnu',
      '--sort=name',
      `--mtime=@${date}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '-cf',
      '-',
    ].concat(['-C', dirname(tree), basename(tree)]),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  // Blocks of a fixed size, so that the number of CPUs does not change the bytes.
  const xz = spawn('xz', ['-c', `-${level}`, '-T0', '--block-size=32MiB'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ends = [tar, xz].map((child) => once(child, 'close'));
  await Promise.all([pipeline(tar.stdout, xz.stdin), pipeline(xz.stdout, createWriteStream(file))]);
  for (const [index, end] of (await Promise.all(ends)).entries())
    if (end[0] !== 0) throw new Error(`${['tar', 'xz'][index]} failed (exit status ${end[0]})`);
}
