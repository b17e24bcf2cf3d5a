/** What a watcher costs that has nothing to do: looks and pulses on machines of any size, without the kernel's part. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readQuickly } from '../../src/host/known-slots.ts';
import { openFiles } from '../../src/system/files.ts';
import { fromHost } from '../../src/watch/baseline.ts';
import { observe } from '../../src/watch/observe.ts';
import { filesOf } from '../../src/watch/paths.ts';
import { TIMES } from '../../src/watch/watcher.ts';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';

const LOOKS = 40;
const SCOPE = { ifaces: [], ports: [] };

export async function watchTable(): Promise<void> {
  const rows: Record<string, number>[] = [];
  for (const [cpus, queues] of [
    [8, 8],
    [64, 8],
    [64, 64],
    [256, 64],
  ] as const) {
    const root = mkdtempSync(join(tmpdir(), 'lt-bench-'));
    try {
      writeSyntheticTree(root, { cpus, nics: 1, queues });
      const system = { files: openFiles(root), kernel: null };
      const read = () => readQuickly(system, { ifaces: [], port: null }, new Map(), true);
      const baseline = fromHost(await read(), SCOPE, 'the tree');
      // The first ones are compiled.
      for (let nth = 0; nth < LOOKS; nth++) observe(await read(), baseline);
      const before = process.cpuUsage();
      for (let nth = 0; nth < LOOKS; nth++) filesOf(observe(await read(), baseline));
      const { user, system: kernel } = process.cpuUsage(before);
      const ms = (user + kernel) / 1000 / LOOKS;
      rows.push({
        cpus,
        queues,
        settings: baseline.settings.length,
        'ms of CPU time a look': Number(ms.toFixed(1)),
        '% of a CPU': Number(((100 * ms) / TIMES.fullMs).toFixed(3)),
      });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }
  console.log(`\nwatch with nothing to do: a look each ${TIMES.fullMs / 1000} s`);
  console.table(rows);
}
