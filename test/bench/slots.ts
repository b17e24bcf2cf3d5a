/** `inspect` where every CPU has a queue, a slot of each group and a worker: joined, judged and written, without a kernel. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from '../../src/host/types.ts';
import { SCHEMA } from '../../src/snapshot/types.ts';
import { group, host, nic, pinned, range, veth } from '../fixtures/hosts.ts';
import { measure } from './measure.ts';

const SIZES = [128, 256, 512];
const NICS = 8;
const GROUPS = 4;

/** `hardware`: queue and IRQ i on CPU i. `pod`: the same queues on veths, where any CPU may receive. */
function machineOf(kind: 'hardware' | 'pod', cpus: number): Host {
  const queues = cpus / NICS;
  const port = (at: number) =>
    kind === 'pod'
      ? veth({ name: `veth${at}`, queues })
      : nic({
          name: `eth${at}`,
          queues,
          firstIrq: 100 + at * queues,
          irqCpus: range(queues).map((queue) => at * queues + queue),
          xps: true,
        });
  const groups = range(GROUPS).map((at) =>
    group({ port: 8080 + at, workers: pinned(...range(cpus)), ...(at % 2 === 0 ? {} : { program: 'cpu' }) }),
  );
  return host({ cpus, nics: range(NICS).map(port), groups });
}

/** @param entry the built program @param rounds of which the median is taken */
export function slotsTable(entry: string, rounds: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'lt-bench-'));
  try {
    const names = (['hardware', 'pod'] as const).flatMap((kind) => SIZES.map((cpus) => ({ kind, cpus })));
    const commands = names.map(({ kind, cpus }) => {
      const file = join(folder, `${kind}-${cpus}.json`);
      const snapshot = {
        schema: SCHEMA,
        version: null,
        time: null,
        anonymized: false,
        host: machineOf(kind, cpus),
        counters: null,
      };
      writeFileSync(file, JSON.stringify(snapshot));
      return [`${kind} ${cpus}`, [process.execPath, entry, 'inspect', '--from', file]] as const;
    });
    const costs = measure({ node: [process.execPath, '-e', '0'], ...Object.fromEntries(commands) }, rounds);
    const empty = costs['node']?.ms ?? Number.NaN;
    console.log(
      `\ninspect --from a snapshot: ${NICS} NICs, a queue for each CPU, ${GROUPS} groups with a slot for each CPU`,
    );
    console.table(
      names.map(({ kind, cpus }) => {
        const { ms, mb } = costs[`${kind} ${cpus}`] ?? { ms: Number.NaN, mb: Number.NaN };
        return {
          nics: kind,
          cpus,
          ms: Math.round(ms),
          'ms without node': Math.round(ms - empty),
          'µs a CPU': Math.round((1000 * (ms - empty)) / cpus),
          'peak MB': Math.round(mb),
        };
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
