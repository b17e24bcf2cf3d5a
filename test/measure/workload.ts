/** Servers and clients on CPUs of their own, with exact counts (workload.py). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Served {
  readonly port: number;
  readonly workers: readonly {
    readonly pid: number;
    readonly fd: number;
    readonly inode: number;
    readonly cpu: number;
  }[];
}

export interface Workload {
  /** One worker for each CPU, each with a reuseport socket of its own, in the order of slots. */
  serveTcp(cpus: readonly number[]): Promise<Served>;
  serveUdp(cpus: readonly number[]): Promise<Served>;
  /** From `cpu`, one after the other, each answered; over loopback that is where they are received. */
  connect(cpu: number, port: number, count: number, hold?: boolean): Promise<void>;
  send(cpu: number, port: number, count: number): Promise<void>;
  stop(): Promise<void>;
}

export function startWorkload(): Workload {
  const child = spawn('python3', [fileURLToPath(new URL('workload.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const call = async (name: string, ...args: readonly unknown[]) => {
    child.stdin.write(`${JSON.stringify({ call: name, args })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`workload.py ended at ${name}`);
    return JSON.parse(value);
  };
  return {
    serveTcp: (cpus) => call('serve_tcp', cpus),
    serveUdp: (cpus) => call('serve_udp', cpus),
    connect: (cpu, port, count, hold = false) => call('connect', cpu, port, count, hold),
    send: (cpu, port, count) => call('send', cpu, port, count),
    // Its children end with it.
    stop: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
