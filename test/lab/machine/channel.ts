/** Programs in a guest, by way of its agent. */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { checkOutput } from '../../schemas.ts';
import type { Reply, Request } from './protocol.ts';

export interface Ended {
  /** Exit status, or the signal that ended it. */
  readonly code: number | string;
  /** What was left to be read. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  /** The next line of its output. Throws when there is none. */
  line(): Promise<string>;
  /** The next line, as JSON. */
  json<T>(): Promise<T>;
  write(input: string): void;
  /** Sends the signal to it and its children, and waits for its end. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  /** Waits for its end. */
  ended(): Promise<Ended>;
}

export interface Channel {
  start(command: string): Program;
  /** Resolves once the agent speaks. */
  readonly ready: Promise<void>;
}

interface Task {
  readonly out: PassThrough;
  err: string;
  code: number | string | null;
}

/** `lost` resolves to the error that every program then ends with. */
export function openChannel(socket: Socket, lost: Promise<Error>): Channel {
  const tasks = new Map<number, Task>();
  let next = 1;
  const open = (id: number): Task => {
    const task = { out: new PassThrough({ encoding: 'utf8' }), err: '', code: null };
    // Those who wait for it get it; nobody else needs it.
    task.out.on('error', () => {});
    tasks.set(id, task);
    return task;
  };
  const send = (request: Request) => socket.write(`${JSON.stringify(request)}\n`);
  const agent = open(0);
  createInterface(socket).on('line', (line) => {
    const { id, out, err, code }: Reply = JSON.parse(line);
    const task = tasks.get(id);
    if (task === undefined) return;
    if (out !== undefined) task.out.write(out);
    if (err !== undefined) task.err += err;
    if (code === undefined) return;
    task.code = code;
    task.out.end();
    tasks.delete(id);
  });
  lost.then((error) => {
    for (const { out } of tasks.values()) out.destroy(error);
  });
  return {
    ready: new Promise((resolve, reject) => {
      agent.out.once('data', () => resolve());
      agent.out.once('error', reject);
    }),
    start(command) {
      const id = next++;
      const task = open(id);
      send({ id, command });
      return program(
        command,
        task,
        (input) => send({ id, input }),
        (signal) => send({ id, signal }),
      );
    },
  };
}

function program(
  command: string,
  task: Task,
  write: (input: string) => void,
  kill: (signal: NodeJS.Signals) => void,
): Program {
  const lines = linesOf(task.out);
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command}\nended with ${task.code}: ${task.err}`);
    return value;
  };
  const ended = async (): Promise<Ended> => {
    let stdout = '';
    for await (const one of lines) stdout += `${one}\n`;
    return { code: task.code ?? '', stdout, stderr: task.err };
  };
  return {
    line,
    json: async () => {
      const text = await line();
      checkOutput(text);
      return JSON.parse(text);
    },
    write,
    end(signal = 'SIGINT') {
      kill(signal);
      return ended();
    },
    ended,
  };
}

async function* linesOf(out: AsyncIterable<string>): AsyncGenerator<string, undefined, undefined> {
  let begun = '';
  for await (const chunk of out) {
    const lines = (begun + chunk).split('\n');
    begun = lines.pop() ?? '';
    yield* lines;
  }
  if (begun !== '') yield begun;
}
