/** An nginx without pinned workers, and its load, in a network namespace of their own: all that a plan can change there. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab, openLab } from '../tune/lab.ts';
import { childrenOf, polledListeners } from './processes.ts';
import { until } from './servers.ts';

export interface PlanLab {
  readonly lab: Lab;
  /** Words of `prove`, of one block. */
  readonly prove: readonly string[];
  /** Everything that the plan may change, as the kernel prints it; of the program, `selection` is needed as well. */
  settings(): string;
  /** `hash`, `cbpf`, by `inspect`. */
  selection(): string;
  journals(): readonly string[];
  end(): Promise<void>;
}

export async function openPlanLab(subject: string, port: number): Promise<PlanLab> {
  const folder = mkdtempSync(join(tmpdir(), `lt-${subject}-`));
  const running: ChildProcess[] = [];
  const lab = openLab(subject);
  const inside = (file: string, ...args: readonly string[]): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', lab.name, file, ...args], { stdio: 'ignore' });
    running.push(child);
    return child;
  };
  lab.sh('ip link set lo up');
  const file = join(folder, 'nginx.conf');
  // Without worker_cpu_affinity: the plan pins them.
  writeFileSync(
    file,
    `user root; daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 2;
     events { worker_connections 512; }
     http { access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b;
       fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
       server { listen 127.0.0.1:${port} reuseport; location / { return 200 $pid; } } }`,
  );
  const master = inside('nginx', '-c', file, '-p', folder).pid ?? 0;
  await until(() => polledListeners(childrenOf(master), port).size === 2, 'the workers of nginx');
  for (const cpu of ['0', '1'])
    inside('taskset', '-c', cpu, process.execPath, join(import.meta.dirname, 'tune-load.ts'), `${port}`);
  const cpusOf = (pid: number) => execFileSync('taskset', ['-pc', `${pid}`], { encoding: 'utf8' });
  return {
    lab,
    prove: [
      'prove',
      '--change',
      'plan',
      '--iface',
      'v0',
      '--port',
      `${port}`,
      '--blocks',
      '1',
      '--yes',
      '-j',
    ],
    settings: () => [lab.settings(), ...childrenOf(master).map(cpusOf)].join(''),
    selection: () => JSON.parse(lab.tune(['inspect', '--port', `${port}`, '-j']).stdout).groups[0].selection,
    journals: () => readdirSync(join(lab.state, 'journals')).sort(),
    end: async () => {
      const ended = running.map((child) => once(child, 'exit'));
      for (const child of running) child.kill('SIGKILL');
      await Promise.all(ended);
      lab.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
