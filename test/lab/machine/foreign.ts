/** Programs of another suite, run with their own C library from the folder that they were unpacked into. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, firstOf } from '../../../scripts/debian/exists.ts';

const TRIPLET = 'x86_64-linux-gnu';

/** The command line that runs the suite's `program`, which may be named otherwise: kmod as modprobe. */
export async function foreign(root: string, program: string, name = program): Promise<readonly string[]> {
  const loader = 'ld-linux-x86-64.so.2';
  return [
    await firstOf(join(root, 'lib', TRIPLET, loader), join(root, 'usr/lib', TRIPLET, loader)),
    '--library-path',
    (await libraries(root)).join(':'),
    '--argv0',
    name,
    await firstOf(...['usr/bin', 'usr/sbin', 'bin', 'sbin'].map((folder) => join(root, folder, program))),
  ];
}

async function libraries(root: string): Promise<string[]> {
  const lib = join(root, 'usr/lib');
  const llvm = (await readdir(lib)).filter((name) => name.startsWith('llvm-'));
  const folders = [
    join(root, 'lib', TRIPLET),
    join(lib, TRIPLET),
    ...llvm.map((name) => join(lib, name, 'lib')),
  ];
  const there = await Promise.all(folders.map(exists));
  return folders.filter((_, index) => there[index]);
}
