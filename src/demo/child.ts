/** A child process that is pinned to one CPU and answers messages. This file has both ends of the channel. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { programFile } from '../system/package.ts';
import { ENVIRONMENT } from '../system/programs.ts';
import { setAffinity } from '../system/sockets.ts';

/** Names of orders, each with its request and its answer. */
export type Orders<T> = { readonly [K in keyof T]: { readonly order: object; readonly answer: object } };

export interface Child<T extends Orders<T>> {
  readonly pid: number;
  readonly cpu: number;
  ask<K extends keyof T & string>(name: K, order: T[K]['order']): Promise<T[K]['answer']>;
  stop(): Promise<void>;
}

/** Starts a worker or client on `cpu`. It ends with the channel, so it cannot outlive a killed parent. */
export function startChild<T extends Orders<T>>(name: 'worker' | 'client', cpu: number): Child<T> {
  // In a process group of its own it does not get the terminal's Ctrl-C; the parent stops the children in order.
  const child = fork(programFile(`demo/${name}`), [String(cpu)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    detached: true,
    env: ENVIRONMENT,
  });
  if (child.pid === undefined) throw new Error(`demo: could not start a ${name} process`);
  return {
    pid: child.pid,
    cpu,
    ask: (order, body) => ask(child, `${name} on CPU ${cpu}`, order, body),
    stop: () => stop(child),
  };
}

async function ask<A>(child: ChildProcess, who: string, name: string, order: object): Promise<A> {
  const gone = new AbortController();
  const answer = once(child, 'message', { signal: gone.signal });
  const end = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
    throw new Error(`demo: the ${who} ended early (${code})`);
  });
  child.send({ name, order });
  try {
    const [message] = (await Promise.race([answer, end])) as [{ answer?: A; error?: string }];
    if (message.answer === undefined) throw new Error(`demo: ${who}: ${message.error}`);
    return message.answer;
  } finally {
    gone.abort();
    answer.catch(() => {});
    end.catch(() => {});
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  if (child.connected) child.disconnect();
  else child.kill();
  await end;
}

/** The child's end: pins itself, then answers each order with the handler of that name. */
export function serveOrders<T extends Orders<T>>(
  handlers: {
    readonly [K in keyof T & string]: (
      order: T[K]['order'],
      cpu: number,
    ) => T[K]['answer'] | Promise<T[K]['answer']>;
  },
): void {
  const cpu = Number(process.argv[2]);
  setAffinity(0, [cpu]);
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ name, order }: { name: keyof T & string; order: object }) => {
    try {
      process.send?.({ answer: await handlers[name](order, cpu) });
    } catch (error) {
      process.send?.({ error: (error as Error).message });
    }
  });
}
