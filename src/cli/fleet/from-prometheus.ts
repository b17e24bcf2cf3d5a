/** Asks a Prometheus-compatible server for the machines of a fleet. */
import { readFileSync } from 'node:fs';
import { machinesOf, parseAnswer, type Question, queries } from '../../fleet/prometheus.ts';
import type { Machine } from '../../fleet/types.ts';
import { failure } from '../../system/errors.ts';
import { httpGet } from '../../system/http-get.ts';
import { cliFailure, during, usage } from '../errors.ts';

export interface PrometheusOptions {
  readonly prometheus: string;
  readonly match?: string;
  readonly window?: string;
  readonly header?: readonly string[];
}

const TIMEOUT_MS = 60_000;
/** A thousand machines of 16 queues and 8 groups answer with some 20 MB. */
const MOST_BYTES = 512 * 1024 * 1024;
const QUESTIONS: readonly Question[] = ['state', 'measured', 'interrupts'];

/** Throws CliError. */
export async function machinesFrom(options: PrometheusOptions): Promise<readonly Machine[]> {
  const base = baseOf(options.prometheus);
  const headers = Object.fromEntries((options.header ?? []).map(header));
  const query = queries(options.match ?? '', options.window ?? '15m');
  const ask = async (question: Question) => {
    const url = new URL(base);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
    url.searchParams.set('query', query[question]);
    const { status, body } = await httpGet(url, { headers, timeoutMs: TIMEOUT_MS, mostBytes: MOST_BYTES });
    if (status === 401 || status === 403)
      throw failure(
        'refused',
        `the server refuses (HTTP ${status})`,
        "give http://USER:PASSWORD@HOST, or --header 'Authorization: @FILE'",
      );
    return [question, parseAnswer(body)] as const;
  };
  const answers = await during(
    `--prometheus ${shown(base)}`,
    'access',
    async () =>
      Object.fromEntries(await Promise.all(QUESTIONS.map(ask))) as Record<
        Question,
        ReturnType<typeof parseAnswer>
      >,
  );
  const machines = machinesOf(answers);
  if (machines.length === 0)
    throw cliFailure(
      'no-machines',
      `--prometheus ${shown(base)}: it has no metrics of locality-tune${options.match === undefined ? '' : ` with ${options.match}`}`,
      'does it scrape `locality-tune export`? See docs/fleet.md',
    );
  return machines;
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usage(`--prometheus '${text}': not an http or https address`, 'such as http://localhost:9090');
  url.search = url.hash = '';
  return url;
}

/** Without the password. */
function shown(base: URL): string {
  const bare = new URL(base);
  bare.password = '';
  return bare.href.replace(/\/$/, '');
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/s;

/** `Name: value`, or `Name: @FILE`, which keeps a secret off the command line. Throws CliError. */
function header(text: string): readonly [string, string] {
  const [, name, value = ''] = HEADER.exec(text) ?? [];
  if (name === undefined) throw usage("--header: must be 'Name: value' or 'Name: @FILE'");
  if (!value.startsWith('@')) return [name, value];
  try {
    return [name, readFileSync(value.slice(1), 'utf8').trim()];
  } catch (error) {
    throw usage(`--header '${name}: ${value}': ${error instanceof Error ? error.message : error}`);
  }
}
