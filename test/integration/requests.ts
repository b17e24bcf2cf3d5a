/**
 * New connections from one pinned CPU, and who answered them. Run as a program:
 * `taskset -c CPU node requests.ts PORT COUNT` prints {answer: how often} as JSON.
 */
import { execFile } from 'node:child_process';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const self = fileURLToPath(import.meta.url);

/** Over loopback the receiving CPU is the sender's, so `cpu` is the connections' rxcpu. Resolves to answer -> count. */
export async function requestsFrom(cpu: number, port: number, count: number): Promise<Map<string, number>> {
  const args = ['-c', String(cpu), process.execPath, self, String(port), String(count)];
  const { stdout } = await promisify(execFile)('taskset', args);
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, number>));
}

/** Of `count` new connections from each CPU, how many were answered by the server that `serverOf` expects there. */
export async function matchedFrom(
  cpus: readonly number[],
  port: number,
  count: number,
  serverOf: (cpu: number) => string | undefined,
): Promise<{ total: number; matched: number }> {
  const answers = await Promise.all(
    cpus.map(async (cpu) => ({ cpu, got: await requestsFrom(cpu, port, count) })),
  );
  const matched = answers.map(({ cpu, got }) => got.get(serverOf(cpu) ?? '') ?? 0);
  return { total: cpus.length * count, matched: matched.reduce((sum, one) => sum + one, 0) };
}

function request(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}

async function main(port: number, count: number): Promise<void> {
  const seen: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const answer = await request(port);
    seen[answer] = (seen[answer] ?? 0) + 1;
  }
  process.stdout.write(JSON.stringify(seen));
}

if (process.argv[1] === self) await main(Number(process.argv[2]), Number(process.argv[3]));
