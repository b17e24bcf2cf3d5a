/**
 * What metrics cost: series and bytes by the size of a machine, the time of a scrape of a large one, and ten minutes of
 * scrapes of this one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { HEAPS } from '../../scripts/package/heaps.ts';
import { Exporter } from '../../src/export/exporter.ts';
import { LIMITS, MetricsServer } from '../../src/export/http.ts';
import { Measured } from '../../src/export/measured.ts';
import { textOf } from '../../src/export/text.ts';
import { openFiles } from '../../src/system/files.ts';
import { everything, type MachineSize } from '../export/everything.ts';
import { writeSyntheticTree } from '../fixtures/synthetic-tree.ts';

const SIZES: readonly MachineSize[] = [
  { cpus: 2, nics: 1, queues: 2, workers: 2 },
  { cpus: 16, nics: 1, queues: 16, workers: 16 },
  { cpus: 64, nics: 2, queues: 64, workers: 64 },
  { cpus: 64, nics: 8, queues: 64, workers: 64 },
  { cpus: 256, nics: 8, queues: 128, workers: 256 },
];

export function seriesTable(): void {
  console.log(
    '\nseries of a scrape: a TCP and a UDP group with a worker on each CPU, all probes, one watcher',
  );
  console.table(
    SIZES.map((size) => {
      const count = (matrix: boolean, perIrq: boolean) =>
        [...everything(size, { matrix, perIrq }).lines.values()].reduce((sum, { length }) => sum + length, 0);
      const series = count(false, false);
      const text = textOf(everything(size, { matrix: false, perIrq: false }).lines, 'prometheus');
      return {
        CPUs: size.cpus,
        queues: `${size.nics} x ${size.queues}`,
        series,
        'more with --per-irq': count(false, true) - series,
        'more with --matrix': count(true, false) - series,
        kB: Math.round(text.length / 1000),
        'kB, gzip': Math.round(gzipSync(text, { level: 1 }).length / 1000),
      };
    }),
  );
}

const LARGE = { cpus: 64, nics: 8, queues: 64 };

/** Over HTTP on loopback, as a server scrapes. A captured tree has no ethtool and no sockets. */
export async function scrapeTable(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'lt-bench-'));
  try {
    writeSyntheticTree(root, LARGE);
    // A first round, because a process that is scraped has long been running.
    await scrapesOf(root, 20, 20);
    const reading = await scrapesOf(root, 1, 200);
    const between = await scrapesOf(root, 500, 1);
    console.log(
      `\na scrape of a synthetic tree of ${LARGE.cpus} CPUs and ${LARGE.nics} x ${LARGE.queues} queues, with gzip`,
    );
    console.table([
      { what: 'that reads the configuration', ...reading },
      { what: 'between two readings', ...between },
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** @param scrapes of each of so many exporters, which read the configuration once */
async function scrapesOf(root: string, scrapes: number, exporters: number) {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let made = 0; made < exporters; made++) {
    const exporter = new Exporter(() => ({ files: openFiles(root), kernel: null }), {
      arch: null,
      ifaces: [],
      port: null,
      slots: false,
      rules: [],
      perIrq: false,
      running: true,
      measured: new Measured([], false, 'off'),
      watching: async () => ({ watchers: [], silent: [], missing: null }),
      http: () => null,
      trouble: () => {},
    });
    const server = new MetricsServer({ collect: () => exporter.collect(), notReady: () => null }, LIMITS);
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    if (scrapes > 1) await scrape(`http://${address}/metrics`);
    for (let done = 0; done < scrapes; done++) {
      const began = performance.now();
      await scrape(`http://${address}/metrics`);
      times.push(performance.now() - began);
    }
    await server.close();
  }
  const { user, system } = process.cpuUsage(before);
  times.sort((one, other) => one - other);
  const at = (share: number) => round(times[Math.min(times.length - 1, Math.floor(share * times.length))]);
  return {
    scrapes: times.length,
    'ms, median': at(0.5),
    'ms, p99': at(0.99),
    'CPU ms each': round((user + system) / 1000 / times.length),
  };
}

function scrape(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts).toString('latin1')));
      response.on('error', reject);
    }).on('error', reject);
  });
}

const EVERY_MS = 15_000;
const SCRAPES = 41;

/** As long as it takes to see growth. @param entry of the built program */
export async function longRunTable(entry: string): Promise<void> {
  const words = [...HEAPS.export, entry, 'export', '--listen', '127.0.0.1:0', '--no-slots', '-j'];
  const env = { ...process.env, MALLOC_ARENA_MAX: '1' };
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const [url = ''] = (JSON.parse(line) as { readonly listening: readonly string[] }).listening;
  const seen: { readonly at: number; readonly cpu: number; readonly mb: number }[] = [];
  for (let done = 0; done < SCRAPES; done++) {
    const text = await (await fetch(url)).text();
    const value = (name: string) => Number(new RegExp(`^locality_tune_${name} (.+)$`, 'm').exec(text)?.[1]);
    seen.push({
      at: performance.now(),
      cpu: value('cpu_seconds_total\\{process="exporter"\\}'),
      mb: value('resident_memory_bytes') / 1e6,
    });
    if (done + 1 < SCRAPES) await sleep(EVERY_MS);
  }
  child.kill('SIGTERM');
  console.log('\nexport --no-slots on this machine, as packages start it, a scrape every 15 s');
  // The first scrapes compile the code.
  const parts = [seen.slice(0, 11), seen.slice(10, 21), seen.slice(20, 31), seen.slice(30, 41)];
  console.table(
    parts.map((part, quarter) => {
      const [first, last] = [part[0], part.at(-1)];
      const [cpu, ms] = [(last?.cpu ?? 0) - (first?.cpu ?? 0), (last?.at ?? 0) - (first?.at ?? 0)];
      return {
        minutes: `${2.5 * quarter} to ${2.5 * (quarter + 1)}`,
        '% of a CPU': round((100_000 * cpu) / ms),
        'CPU ms a scrape': round((1000 * cpu) / 10),
        'RSS MB, least': round(Math.min(...part.map(({ mb }) => mb))),
        'RSS MB, most': round(Math.max(...part.map(({ mb }) => mb))),
      };
    }),
  );
}

const round = (value: number | undefined) => Math.round(100 * (value ?? Number.NaN)) / 100;
