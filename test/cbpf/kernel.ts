/** Asks the running kernel what programs return. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Instruction } from '../../src/cbpf/instruction.ts';

export interface Filter {
  readonly program: readonly Instruction[];
  readonly packets: readonly Uint8Array[];
}

export interface GroupRun {
  readonly family: 4 | 6;
  readonly kind: 'udp' | 'tcp';
  readonly program: readonly Instruction[];
  readonly size: number;
  readonly packets: readonly {
    readonly source: string;
    readonly port: number;
    readonly payload: Uint8Array;
  }[];
}

const SCRIPT = fileURLToPath(new URL('kernel.py', import.meta.url));
/** A kernel whose BPF allocator is stuck never answers. */
const TIME_LIMIT_MS = 50_000;

/** Results in the order of the packets; null where several sockets, or none, got a packet. */
export async function askKernel(
  filters: readonly Filter[],
  groups: readonly GroupRun[],
): Promise<{ cpu: number; filters: number[][]; groups: (number | null)[][] }> {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const input = {
    filters: filters.map(({ program, packets }) => ({ program, packets: packets.map(hex) })),
    groups: groups.map((group) => ({
      ...group,
      packets: group.packets.map(({ source, port, payload }) => [source, port, hex(payload)]),
    })),
  };
  const child = spawn('python3', [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'], timeout: TIME_LIMIT_MS });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stdin.end(JSON.stringify(input));
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  return JSON.parse(output);
}
