/** The built exporter as a user runs it, and its metrics. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ENTRY } from '../integration/cli.ts';

export interface RunningExporter {
  readonly pid: number;
  /** `http://127.0.0.1:33001/metrics` */
  readonly url: string;
  /** The text of a scrape, from the network namespace of the exporter. */
  scrape(): Promise<string>;
  /** Interrupts it; resolves to its exit status. */
  stop(): Promise<number | null>;
}

/** @param inside the words of a command that runs others where the exporter is: `ip netns exec NAME` */
export async function startExporter(
  args: readonly string[],
  inside: readonly string[] = [],
): Promise<RunningExporter> {
  const child = spawn(process.execPath, [ENTRY, 'export', '--listen', '127.0.0.1:0', '-j', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return exporterOf(child, inside);
}

/** @param child prints what `export -j` prints */
export async function exporterOf(
  child: ChildProcess,
  inside: readonly string[] = [],
): Promise<RunningExporter> {
  if (child.stdout === null) throw new Error('its output is not read');
  const ended = once(child, 'exit');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended.then(() => [])]);
  if (line.length === 0) throw new Error('the exporter has ended');
  const { listening } = JSON.parse(String(line[0])) as { readonly listening: readonly string[] };
  const url = listening[0] ?? '';
  return {
    pid: child.pid ?? 0,
    url,
    scrape: () => fetchText(url, inside),
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await ended;
      return code;
    },
  };
}

async function fetchText(url: string, inside: readonly string[]): Promise<string> {
  if (inside.length === 0) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.text();
  }
  const [command = '', ...words] = [...inside, 'curl', '-sSf', '--max-time', '20', url];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`curl ${url}: exit status ${code}`);
  return text;
}

/** The value of a series, as it is written: `slot_drops_total{group="…",slot="0"}`. null: it is not there. */
export function seriesValue(text: string, series: string): number | null {
  const start = `locality_tune_${series} `;
  const line = text.split('\n').find((each) => each.startsWith(start));
  return line === undefined ? null : Number(line.slice(start.length));
}

/** All series of a metric, by their labels. */
export const valuesOf = (text: string, metric: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith(`locality_tune_${metric}{`))
      .map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(`locality_tune_${metric}`.length, end), Number(line.slice(end + 1))];
      }),
  );
