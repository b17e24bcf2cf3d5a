/** What `fleet` costs by the number of snapshots: it should grow with them, and its memory should not. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';
import { measure } from './measure.ts';

const ROUNDS = 3;
const CPUS = 32;

/** @param entry of the built program */
export function fleetTable(entry: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'lt-bench-'));
  try {
    const tree = join(folder, 'tree');
    writeSyntheticTree(tree, { cpus: CPUS, nics: 2, queues: CPUS });
    const snapshot = execFileSync(process.execPath, [entry, 'snapshot', '--root', tree], {
      maxBuffer: 2 ** 28,
    });
    const sizes = [50, 100, 200, 400];
    const files = Array.from({ length: sizes.at(-1) ?? 0 }, (_, at) => join(folder, `${at}.json`));
    for (const file of files) writeFileSync(file, snapshot);
    const commands = sizes.map((hosts) => [
      `${hosts}`,
      [process.execPath, entry, 'fleet', '--json', ...files.slice(0, hosts)],
    ]);
    const costs = measure({ node: [process.execPath, '-e', '0'], ...Object.fromEntries(commands) }, ROUNDS);
    const empty = costs['node']?.ms ?? Number.NaN;
    console.log(
      `\nfleet --json of snapshots of ${CPUS} CPUs, 2 NICs with ${CPUS} queues (${Math.round(snapshot.length / 1000)} kB each)`,
    );
    console.table(
      sizes.map((hosts) => {
        const own = (costs[`${hosts}`]?.ms ?? Number.NaN) - empty;
        return {
          hosts,
          s: (own / 1000).toFixed(2),
          'ms a host': (own / hosts).toFixed(1),
          'peak MB': Math.round(costs[`${hosts}`]?.mb ?? Number.NaN),
        };
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
