/** Interleaved runs and their medians: on a shared machine only ratios within one run mean something. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Cost {
  /** Median wall time, ms. */
  readonly ms: number;
  /** Median peak resident memory of the process itself, MB; NaN for a shell pipeline, and if it was not asked for. */
  readonly mb: number;
}

const atExit = fileURLToPath(new URL('report-peak.mjs', import.meta.url));

/**
 * Runs every command once in turn, `rounds` times over. Commands are argv arrays; `node` is measured for memory too, by a module that
 * takes 10 ms to load: short runs must do without.
 */
export function measure(
  commands: Readonly<Record<string, readonly string[]>>,
  rounds: number,
  { memory } = { memory: true },
): Record<string, Cost> {
  const samples = new Map(
    Object.keys(commands).map((name) => [name, { ms: [] as number[], mb: [] as number[] }]),
  );
  for (let round = 0; round < rounds; round++)
    for (const [name, argv] of Object.entries(commands)) {
      const { ms, mb } = runOnce(argv, memory);
      samples.get(name)?.ms.push(ms);
      samples.get(name)?.mb.push(mb);
    }
  return Object.fromEntries(
    [...samples].map(([name, { ms, mb }]) => [name, { ms: median(ms), mb: median(mb) }]),
  );
}

function runOnce([file = '', ...args]: readonly string[], memory: boolean): Cost {
  const node = memory && file === process.execPath;
  const start = process.hrtime.bigint();
  const { status, stderr, error, output } = spawnSync(file, node ? ['--import', atExit, ...args] : args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  });
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  if (error || status !== 0)
    throw new Error(`${file} ${args.join(' ')}: ${error?.message ?? stderr.toString()}`);
  return { ms, mb: node ? Number(output[3]?.toString()) : Number.NaN };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
