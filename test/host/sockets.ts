/** A real process with real sockets (sockets.py), which opens what it is given. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Opened {
  readonly inode: number;
  readonly fd: number;
  readonly port: number;
}

export interface SocketProcess {
  readonly pid: number;
  open(
    kind: 'tcp' | 'udp',
    address: string,
    port: number,
    count: number,
    reuse?: number | null,
  ): Promise<readonly Opened[]>;
  close(inode: number): Promise<void>;
  connect(inode: number, port: number): Promise<void>;
  attach(inode: number, program: readonly (readonly [number, number, number, number])[]): Promise<void>;
  /** Datagrams read by inode. */
  exchange(port: number, count: number): Promise<Readonly<Record<string, number>>>;
  /** These resolve to the thread, or child process, that waits. */
  acceptInThread(inode: number, cpu: number): Promise<number>;
  pollInThread(inodes: readonly number[]): Promise<number>;
  forkAndPoll(inode: number): Promise<number>;
  stop(): void;
  /** Resolves when it has gone. */
  readonly ended: Promise<void>;
}

/** @param before the words of a command that becomes it */
export function startSockets(before: readonly string[] = []): SocketProcess {
  const python = ['python3', fileURLToPath(new URL('sockets.py', import.meta.url))];
  const [command = '', ...args] = [...before, ...python];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const call = async (name: string, ...args: readonly unknown[]) => {
    child.stdin.write(`${JSON.stringify({ call: name, args })}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`sockets.py ended at ${name}`);
    return JSON.parse(value);
  };
  const { pid } = child;
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  if (pid === undefined) throw new Error('python3 does not start');
  return {
    pid,
    open: (...args) => call('open_sockets', ...args),
    close: (inode) => call('close', inode),
    connect: (inode, port) => call('connect', inode, port),
    attach: (inode, program) => call('attach', inode, program),
    exchange: (port, count) => call('exchange', port, count),
    acceptInThread: (inode, cpu) => call('accept_in_thread', inode, cpu),
    pollInThread: (inodes) => call('poll_in_thread', inodes),
    forkAndPoll: (inode) => call('fork_and_poll', inode),
    stop: () => child.kill('SIGKILL'),
    ended,
  };
}
