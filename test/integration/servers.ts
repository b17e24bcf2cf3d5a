/** Real servers on loopback ports of their own, from configurations made for the test, ended by pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, polledListeners } from './processes.ts';

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export interface Nginx extends RunningServer {
  /** Rewrites the configuration and reloads; resolves when only the new workers are left. */
  reload(workers: number): Promise<void>;
  workers(): number[];
}

/** `return 200 $pid` makes each answer name the worker that served it. */
export async function startNginx(
  port: number,
  workers: number,
  addresses: readonly string[] = ['127.0.0.1'],
): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-nginx-'));
  const file = join(folder, 'nginx.conf');
  const listen = addresses.map((address) => `listen ${address}:${port} reuseport;`).join(' ');
  const configure = (count: number) =>
    writeFileSync(
      file,
      `user root; daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
       worker_processes ${count}; worker_cpu_affinity auto; worker_shutdown_timeout 2s;
       events { worker_connections 512; }
       http {
         access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b;
         fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
         server { ${listen} location / { default_type text/plain; return 200 $pid; } }
       }`,
    );
  configure(workers);
  const child = spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' });
  const pid = pidOf(child);
  const current = () => childrenOf(pid);
  /** A worker pins itself before it polls its listeners. */
  const serves = (count: number) =>
    current().length === count && polledListeners(current(), port).size === count * addresses.length;
  await until(() => serves(workers), `nginx on port ${port}`);
  return {
    pid,
    port,
    workers: current,
    async reload(count) {
      const old = new Set(current());
      configure(count);
      process.kill(pid, 'SIGHUP');
      await until(() => {
        return serves(count) && current().every((worker) => !old.has(worker));
      }, `nginx reloaded with ${count} workers`);
    },
    stop: () => stop(child, folder),
  };
}

/** One process, `threads` threads, a listener for each, pinned one to one; the answer is the thread's number. */
export async function startHaproxy(port: number, threads: number): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'lt-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread ${threads}
  cpu-map auto:1/1-${threads} 0-${threads - 1}
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend test
  bind 127.0.0.1:${port} shards by-thread
  http-request return status 200 content-type text/plain lf-string "%[thread]"
`,
  );
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  const pid = pidOf(child);
  // A thread pins itself before it polls its listener.
  await until(() => polledListeners([pid], port).size === threads, `haproxy on port ${port}`);
  return { pid, port, stop: () => stop(child, folder) };
}

export async function until(
  done: () => boolean | Promise<boolean>,
  what: string,
  seconds = 60,
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) if (await done()) return;
  throw new Error(`${what}: not so after ${seconds} s`);
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`${child.spawnfile} could not be started`);
  return child.pid;
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}
