/** Three machines as network namespaces on a bridge, each with an exporter, and in a fourth a Prometheus and a VictoriaMetrics. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENTRY } from '../integration/cli.ts';

const MONITOR = 'lt-mon';
const NET = '10.98.7';
const PYTHON = join(import.meta.dirname, '../integration/pod.py');
const FILES = join(import.meta.dirname, '../../docs/monitoring');
const SECONDS = 2;

export interface Machine {
  /** Also its network namespace. */
  readonly name: string;
  readonly address: string;
  readonly target: string;
}

export const MACHINES: readonly Machine[] = ['lt-mon-a', 'lt-mon-b', 'lt-mon-c'].map((name, at) => ({
  name,
  address: `${NET}.${11 + at}`,
  target: `${NET}.${11 + at}:9884`,
}));

export type Engine = 'prometheus' | 'victoriametrics';
const BASE: Readonly<Record<Engine, string>> = {
  prometheus: `http://${NET}.1:9090`,
  victoriametrics: `http://${NET}.1:8428`,
};

const sh = (script: string): string => execFileSync('sh', ['-ec', script], { encoding: 'utf8' });

export interface Fleet {
  base(engine: Engine): string;
  /** The answer of /api/v1/query. */
  query(engine: Engine, expr: string): unknown;
  /** A command in the namespace of the engines. */
  inside(...command: string[]): readonly string[];
  end(): Promise<void>;
}

/** @param port of a UDP group of two pinned workers on every machine @param prepare before the exporters start */
export async function openFleet(port: number, prepare: () => Promise<void>): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-engines-'));
  const children: ChildProcess[] = [];
  const start = (netns: string, ...command: string[]) => {
    const child = spawn('ip', ['netns', 'exec', netns, ...command], { stdio: ['pipe', 'ignore', 'ignore'] });
    children.push(child);
    return child;
  };
  sh(`ip netns add ${MONITOR}; ip -n ${MONITOR} link set lo up
      ip -n ${MONITOR} link add br0 type bridge; ip -n ${MONITOR} addr add ${NET}.1/24 dev br0; ip -n ${MONITOR} link set br0 up`);
  for (const [at, { name, address }] of MACHINES.entries()) {
    sh(`ip netns add ${name}; ip -n ${name} link set lo up
        ip -n ${name} link add eth0 numrxqueues 2 numtxqueues 2 type veth peer name p${at} netns ${MONITOR}
        ip -n ${MONITOR} link set p${at} master br0 up; ip -n ${name} addr add ${address}/24 dev eth0; ip -n ${name} link set eth0 up`);
    start(name, 'python3', PYTHON, 'serve', String(port), '0', '1');
  }
  // The exporters read slots once at their start: what they see must be there.
  await sleep(1000);
  await prepare();
  startEngines(start, folder);
  return {
    base: (engine) => BASE[engine],
    query: (engine, expr) =>
      JSON.parse(
        execFileSync(
          'ip',
          [
            'netns',
            'exec',
            MONITOR,
            'curl',
            '-s',
            '--max-time',
            '20',
            '-G',
            `${BASE[engine]}/api/v1/query`,
            '--data-urlencode',
            `query=${expr}`,
          ],
          { encoding: 'utf8' },
        ),
      ),
    inside: (...command) => ['ip', 'netns', 'exec', MONITOR, ...command],
    async end() {
      for (const child of children) child.kill();
      await Promise.all(
        children.map((child) =>
          child.exitCode === null && child.signalCode === null
            ? new Promise((done) => child.once('exit', done))
            : null,
        ),
      );
      for (const { name } of MACHINES) sh(`ip netns pids ${name} | xargs -r kill; ip netns del ${name}`);
      sh(`ip netns pids ${MONITOR} | xargs -r kill; ip netns del ${MONITOR}`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startEngines(start: (netns: string, ...command: string[]) => ChildProcess, folder: string): void {
  for (const { name, target } of MACHINES)
    start(name, process.execPath, ENTRY, 'export', '--netns', name, '--listen', target);
  cpSync(FILES, folder, { recursive: true });
  // A minute between evaluations is right for a fleet, and long for a test.
  const rules = join(folder, 'recording-rules.yml');
  writeFileSync(rules, readFileSync(rules, 'utf8').replace('interval: 1m', `interval: ${SECONDS}s`));
  const scrape = `scrape_configs:
  - job_name: locality-tune
    scrape_interval: ${SECONDS}s
    static_configs: [{targets: [${MACHINES.map(({ target }) => `'${target}'`).join(', ')}]}]
`;
  writeFileSync(
    join(folder, 'here.yml'),
    `global: {evaluation_interval: ${SECONDS}s}\nrule_files: [recording-rules.yml, alerting-rules.yml]\n${scrape}`,
  );
  writeFileSync(join(folder, 'vm.yml'), scrape);
  start(
    MONITOR,
    'prometheus',
    `--config.file=${folder}/here.yml`,
    `--storage.tsdb.path=${folder}/prometheus`,
    `--web.listen-address=${NET}.1:9090`,
  );
  start(
    MONITOR,
    'victoria-metrics',
    `-promscrape.config=${folder}/vm.yml`,
    `-storageDataPath=${folder}/vm`,
    `-httpListenAddr=${NET}.1:8428`,
    // Half a minute otherwise, in which it shows nothing that is new.
    '-search.latencyOffset=1s',
  );
  start(
    MONITOR,
    'vmalert',
    `-rule=${folder}/recording-rules.yml`,
    `-datasource.url=${BASE.victoriametrics}`,
    `-remoteWrite.url=${BASE.victoriametrics}`,
    `-evaluationInterval=${SECONDS}s`,
    `-httpListenAddr=${NET}.1:8880`,
  );
}
