/**
 * Programs are looked for in fixed folders, regardless of PATH. So another bpftrace is put in its place where nobody
 * else sees it: in a mount namespace of the command that is to meet it.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The words to put before a command, so that `files` (target: file in its place) are there for it, and only for it. */
export function instead(files: Readonly<Record<string, string>>): readonly string[] {
  const pairs = Object.entries(files).flatMap(([target, file]) => [file, target]);
  const script = `while [ "$1" != -- ]; do mount --bind "$1" "$2" || exit; shift 2; done; shift; exec "$@"`;
  return ['unshare', '--mount', 'sh', '-c', script, 'sh', ...pairs, '--'];
}

/** A shell script in place of a program. `folder`: of the test, for its files. */
export function impostor(folder: string, name: string, script: string): readonly string[] {
  // The first of the folders is empty on most machines: over it goes one that holds the script alone.
  const bin = join(folder, `bin-${name}-${Math.random().toString(36).slice(2)}`);
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
  return instead({ '/usr/local/sbin': bin });
}

/** Without bpftrace: what is at its place can't be run. */
export const withoutBpftrace = instead({ '/usr/bin/bpftrace': '/dev/null' });
