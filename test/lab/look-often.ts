/**
 * look-often.ts LOOKS: prints the CPU time, in ms, of one look of a watcher at the files of a machine with 64 CPUs. It reads only a
 * synthetic tree, so that it is the same work inside a guest and outside.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readQuickly } from '../../src/host/known-slots.ts';
import { openFiles } from '../../src/system/files.ts';
import { fromHost } from '../../src/watch/baseline.ts';
import { observe } from '../../src/watch/observe.ts';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';

const looks = Number(process.argv[2]);
const root = mkdtempSync(join(tmpdir(), 'lt-looks-'));
try {
  writeSyntheticTree(root, { cpus: 64, nics: 1, queues: 64 });
  const system = { files: openFiles(root), kernel: null };
  const read = () => readQuickly(system, { ifaces: [], port: null }, new Map(), true);
  const baseline = fromHost(await read(), { ifaces: [], ports: [] }, 'the tree');
  const look = async () => {
    for (let nth = 0; nth < looks; nth++) observe(await read(), baseline);
  };
  // The first ones are compiled.
  await look();
  const before = process.cpuUsage();
  await look();
  const { user, system: kernel } = process.cpuUsage(before);
  console.log((user + kernel) / 1000 / looks);
} finally {
  rmSync(root, { recursive: true });
}
