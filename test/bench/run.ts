/**
 * `npm run bench [-- startup|inspect|language|probes|live|prove|prove-cost|fleet|export|scrapes|watch|balance]`: what starting costs, against an empty Node and the
 * tools that `inspect` replaces; `inspect` on machines of any size; programs; what the probes cost each packet; what the
 * live view costs. Prints tables.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';
import { cacheTable, latencyTable } from './balance/tables.ts';
import { languageTable } from './cbpf.ts';
import { longRunTable, scrapeTable, seriesTable } from './export.ts';
import { fleetTable } from './fleet.ts';
import { liveTable } from './live.ts';
import { measure } from './measure.ts';
import { probesTable } from './probes.ts';
import { proveTable } from './prove.ts';
import { counterCostTable, injectedTable, probeCostTable } from './prove-cost.ts';
import { simulationTable } from './simulate.ts';
import { slotsTable } from './slots.ts';
import { startUpTable } from './startup.ts';
import { watchTable } from './watch.ts';

const ENTRY = fileURLToPath(new URL('../../dist/src/cli/entry.js', import.meta.url));
const ROUNDS = 7;

const inspect = (...more: string[]) => [process.execPath, ENTRY, 'inspect', '--no-slots', '--json', ...more];

function machinesOfAnySize(): void {
  const folder = mkdtempSync(join(tmpdir(), 'lt-bench-'));
  try {
    const sizes = [16, 64, 256, 512];
    const commands = Object.fromEntries(
      sizes.map((cpus) => {
        const root = join(folder, String(cpus));
        writeSyntheticTree(root, { cpus, nics: 8, queues: Math.min(cpus, 128) });
        return [`${cpus}`, inspect('--root', root)];
      }),
    );
    const costs = measure({ node: [process.execPath, '-e', '0'], ...commands }, ROUNDS);
    const empty = costs['node']?.ms ?? Number.NaN;
    console.log(
      '\ninspect --no-slots --json on a synthetic tree, 8 NICs with a queue for each CPU up to 128',
    );
    console.table(
      sizes.map((cpus) => {
        const cost = costs[`${cpus}`];
        const own = (cost?.ms ?? Number.NaN) - empty;
        const queues = 8 * Math.min(cpus, 128);
        return {
          cpus,
          queues,
          ms: Math.round(cost?.ms ?? Number.NaN),
          'ms without node': Math.round(own),
          'µs a queue': Math.round((1000 * own) / queues),
          'peak MB': Math.round(cost?.mb ?? Number.NaN),
        };
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const BENCHMARKS: Readonly<Record<string, readonly (() => void | Promise<void>)[]>> = {
  startup: [() => startUpTable(ENTRY, 3 * ROUNDS)],
  inspect: [machinesOfAnySize, () => slotsTable(ENTRY, ROUNDS)],
  language: [languageTable, simulationTable],
  probes: [probesTable],
  live: [liveTable],
  prove: [proveTable],
  'prove-cost': [counterCostTable, probeCostTable, injectedTable],
  fleet: [() => fleetTable(ENTRY)],
  export: [seriesTable, scrapeTable],
  scrapes: [() => longRunTable(ENTRY)],
  watch: [watchTable],
  balance: [latencyTable, cacheTable],
};

/** They take ten minutes and longer, so they run only when they are named. */
const LONG = ['scrapes', 'prove-cost'];

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => BENCHMARKS[name] === undefined);
if (unknown !== undefined)
  throw new Error(`no benchmark '${unknown}': ${Object.keys(BENCHMARKS).join(', ')}`);
for (const [name, tables] of Object.entries(BENCHMARKS))
  if (chosen.length === 0 ? !LONG.includes(name) : chosen.includes(name))
    for (const table of tables) await table();
