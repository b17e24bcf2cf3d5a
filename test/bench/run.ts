/**
 * `npm run bench [-- inspect|language|probes|live|prove|fleet]`: what `inspect` costs, on machines of any size and against the tools that it
 * stands in for; programs; what the probes cost each packet; what the live view costs. Prints tables.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';
import { languageTable } from './cbpf.ts';
import { fleetTable } from './fleet.ts';
import { liveTable } from './live.ts';
import { measure } from './measure.ts';
import { probesTable } from './probes.ts';
import { proveTable } from './prove.ts';
import { simulationTable } from './simulate.ts';
import { slotsTable } from './slots.ts';

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

/** The same questions, asked as people ask them today. */
function classicPipeline(): readonly string[] {
  const nics = readdirSync('/sys/class/net').filter((name) => name !== 'lo');
  const ethtool = nics.flatMap((nic) => ['-i', '-l', '-x', '-S'].map((flag) => `ethtool ${flag} ${nic}`));
  const files = [
    'cat /proc/interrupts /proc/irq/*/smp_affinity_list /proc/irq/*/effective_affinity_list',
    'cat /sys/class/net/*/queues/*/{rps_cpus,rps_flow_cnt,xps_cpus,xps_rxqs} /sys/devices/system/cpu/{online,isolated}',
    'cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list /proc/*/comm',
  ];
  return ['bash', '-c', `{ ${[...ethtool, 'ss -Htulnpe', ...files, 'true'].join('; ')}; } 2>/dev/null`];
}

function liveMachine(): void {
  const costs = measure(
    { 'empty node': [process.execPath, '-e', '0'], inspect: inspect(), pipeline: classicPipeline() },
    3 * ROUNDS,
  );
  const ms = (name: string) => costs[name]?.ms ?? Number.NaN;
  console.log('\nthis machine: inspect --no-slots --json against ethtool -i -l -x -S, ss -Htulnpe and cat');
  console.table([
    { what: 'empty node', ms: Math.round(ms('empty node')), ratio: round(ms('empty node') / ms('pipeline')) },
    { what: 'inspect', ms: Math.round(ms('inspect')), ratio: round(ms('inspect') / ms('pipeline')) },
    {
      what: 'inspect without node',
      ms: Math.round(ms('inspect') - ms('empty node')),
      ratio: round((ms('inspect') - ms('empty node')) / ms('pipeline')),
    },
    { what: 'pipeline', ms: Math.round(ms('pipeline')), ratio: 1 },
  ]);
}

const round = (value: number) => Math.round(value * 100) / 100;

const BENCHMARKS: Readonly<Record<string, readonly (() => void | Promise<void>)[]>> = {
  inspect: [machinesOfAnySize, () => slotsTable(ENTRY, ROUNDS), liveMachine],
  language: [languageTable, simulationTable],
  probes: [probesTable],
  live: [liveTable],
  prove: [proveTable],
  fleet: [() => fleetTable(ENTRY)],
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => BENCHMARKS[name] === undefined);
if (unknown !== undefined)
  throw new Error(`no benchmark '${unknown}': ${Object.keys(BENCHMARKS).join(', ')}`);
for (const [name, tables] of Object.entries(BENCHMARKS))
  if (chosen.length === 0 || chosen.includes(name)) for (const table of tables) await table();
