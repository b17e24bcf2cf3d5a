/**
 * Runs inside a guest: commands come in on a virtio-serial port, one JSON object a line, and what they print and how
 * they end goes back. argv: the port.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Reply, Request } from './protocol.ts';

const port = openSync(process.argv[2] ?? '', 'r+');
const running = new Map<number, ChildProcess>();

function reply(message: Reply): void {
  // The port takes 32 KiB at a time.
  let bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(port, bytes));
}

function run(id: number, command: string): void {
  const child = spawn('bash', ['-c', command], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  running.set(id, child);
  child.stdout.setEncoding('utf8').on('data', (out: string) => reply({ id, out }));
  child.stderr.setEncoding('utf8').on('data', (err: string) => reply({ id, err }));
  // The exit status shows what ended without reading its input.
  child.stdin.on('error', () => {});
  child.on('error', ({ message }) => reply({ id, err: message, code: 127 }));
  child.on('close', (code, signal) => {
    running.delete(id);
    reply({ id, code: code ?? `${signal}` });
  });
}

function handle(request: Request): void {
  const { id } = request;
  if (request.command !== undefined) run(id, request.command);
  const child = running.get(id);
  if (child === undefined) return;
  if (request.input !== undefined) child.stdin?.write(request.input);
  if (request.end) child.stdin?.end();
  if (request.signal !== undefined && child.pid !== undefined) process.kill(-child.pid, request.signal);
}

reply({ id: 0, out: 'ready' });
createInterface(createReadStream('', { fd: port })).on('line', (line) => handle(JSON.parse(line)));
