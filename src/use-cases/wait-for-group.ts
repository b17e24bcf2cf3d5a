/** `attach --wait`: until a server has opened all its sockets, which may be seconds after it was started. */
import { readSockets } from '../host/sockets.ts';
import { pause } from '../measure/pause.ts';
import { type GroupChoice, selectGroups } from '../steer/select.ts';
import { failure, isFailure } from '../system/errors.ts';
import type { LiveMachine, Progress } from './machine.ts';

export interface Wait {
  /** At most so long. */
  readonly seconds: number;
  /** Sockets that the group must have; null: as many as it has for two seconds. */
  readonly sockets: number | null;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

type OnPort = Extract<GroupChoice, { readonly protocol: unknown }>;

const LOOK_SECONDS = 0.25;
/** After a reload, servers open and close sockets one by one. */
const STEADY_MS = 2_000;

/** What a server that is starting may look like. */
const NOT_YET: ReadonlySet<string> = new Set([
  'no-such-group',
  'not-reuseport',
  'not-listening',
  'gone',
  'no-such-fd',
  'no-such-process',
  'not-a-socket',
]);

/** Throws Failure: timeout, interrupted; everything else of selectGroups at once. */
export async function waitForGroup(machine: LiveMachine, selector: OnPort, wait: Wait): Promise<void> {
  const where = `${selector.protocol} port ${selector.port}`;
  const end = performance.now() + 1000 * wait.seconds;
  let seen = '';
  let since = performance.now();
  let done = (): void => {};
  try {
    for (;;) {
      const { sizes, why } = await look(machine, selector);
      const text = sizes.length === 0 ? (why ?? '') : `${sizes.join(' and ')}${wanted(wait.sockets)} sockets`;
      if (text !== seen) {
        seen = text;
        since = performance.now();
        done();
        done = wait.progress(`waiting for ${where}: ${text} ...`);
      }
      const steady = performance.now() - since >= STEADY_MS;
      const isThere = wait.sockets === null ? steady : sizes.every((size) => size === wait.sockets);
      if (sizes.length > 0 && isThere) return;
      if (wait.signal.aborted)
        throw failure('interrupted', 'interrupted before anything was changed', 'run it again');
      if (performance.now() > end) throw timeout(where, wait, seen);
      await pause(LOOK_SECONDS, wait.signal);
    }
  } finally {
    done();
  }
}

async function look(
  machine: LiveMachine,
  selector: OnPort,
): Promise<{ readonly sizes: readonly number[]; readonly why: string | null }> {
  const options = { port: selector.port, slots: false, sampleSeconds: 0 };
  try {
    const groups = await selectGroups(
      machine.kernel,
      await readSockets(machine, machine.arch, options),
      selector,
    );
    return { sizes: groups.map(({ group }) => group.size), why: null };
  } catch (error) {
    if (!isFailure(error) || !NOT_YET.has(error.code)) throw error;
    return { sizes: [], why: error.message };
  }
}

const wanted = (sockets: number | null): string => (sockets === null ? '' : ` of ${sockets}`);

const timeout = (where: string, { seconds, sockets }: Wait, seen: string) =>
  failure(
    'timeout',
    `${where}: no group of ${sockets === null ? 'a steady number of' : sockets} sockets appeared within ${seconds} s (${seen})`,
    'see `locality-tune inspect`; --sockets N is the number that the server opens, --wait SECONDS waits longer',
  );
