/** test/measure/workload.py inside a guest: pinned servers and clients with exact counts. */
import type { Served } from '../measure/workload.ts';
import type { Guest } from './machine/guest.ts';

export interface Workload {
  serveTcp(cpus: readonly number[]): Promise<Served>;
  serveUdp(cpus: readonly number[]): Promise<Served>;
  /** From `cpu`, one after the other, each answered. */
  connect(cpu: number, port: number, count: number): Promise<void>;
  send(cpu: number, port: number, count: number): Promise<void>;
}

export function startWorkload(guest: Guest): Workload {
  const program = guest.start('exec python3 test/measure/workload.py');
  const call = async <T>(name: string, ...args: readonly unknown[]): Promise<T> => {
    program.write(`${JSON.stringify({ call: name, args })}\n`);
    return program.json();
  };
  return {
    serveTcp: (cpus) => call('serve_tcp', cpus),
    serveUdp: (cpus) => call('serve_udp', cpus),
    connect: (cpu, port, count) => call('connect', cpu, port, count, false),
    send: (cpu, port, count) => call('send', cpu, port, count),
  };
}
