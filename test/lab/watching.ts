/** A watcher in a guest, the faults that it should notice, and how long that took. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import type { WatchEvent } from '../../src/watch/types.ts';
import type { Program } from './machine/channel.ts';
import type { Guest } from './machine/guest.ts';
import type { Lab } from './machine/lab.ts';

export const PORT = 8080;
export const GROUP = `tcp 0.0.0.0:${PORT}`;
export const SELECT = `--iface eth0 --port ${PORT}`;
export const QUEUES = '/sys/class/net/eth0/queues';

export type Event = WatchEvent & { readonly time: string };
export type Wanted = (event: Event) => boolean;

/** An emulated machine on a busy host. */
const PATIENCE_MS = 180_000;
const ERRORS = '/tmp/watch-errors';

export class Watching {
  readonly #on: Guest;
  readonly #program: Program;
  readonly #events: Event[] = [];
  #read = 0;

  private constructor(on: Guest, program: Program) {
    this.#on = on;
    this.#program = program;
  }

  /** Resolves once it watches. */
  static async start(on: Guest, options: string): Promise<Watching> {
    const program = on.start(`exec locality-tune watch -j ${options} 2> ${ERRORS}`);
    const watching = new Watching(on, program);
    expect(await program.json()).toMatchObject({ watching: expect.any(Number) });
    void watching.#collect();
    return watching;
  }

  async #collect(): Promise<void> {
    try {
      for (;;) this.#events.push(await this.#program.json<Event>());
    } catch {
      // It has ended.
    }
  }

  /** The next event that fits, after the one that was found last. Throws with what was heard instead. */
  async next(wanted: Wanted): Promise<Event> {
    const from = this.#read;
    for (const began = performance.now(); performance.now() - began < PATIENCE_MS; await sleep(100)) {
      const at = this.#events.findIndex((event, index) => index >= this.#read && wanted(event));
      const event = this.#events[at];
      if (event === undefined) continue;
      this.#read = at + 1;
      return event;
    }
    const asked = `cat ${ERRORS}; locality-tune status; ps --ppid 2 --deselect -o pid,ppid,stat,wchan:20,args`;
    const state = await this.#on.run(`{ ${asked}; } 2>&1 || true`, 120).catch(String);
    throw new Error(`no such event, only:\n${shown(this.#events.slice(from))}\n${state}`);
  }

  /** Those that nobody has waited for. */
  get rest(): readonly Event[] {
    return this.#events.slice(this.#read);
  }

  /** Its exit status. */
  async end(): Promise<number | string> {
    return (await this.#program.end('SIGTERM')).code;
  }
}

const shown = (events: readonly Event[]): string =>
  events
    .map(({ time, kind, subject, from, to, cause, action, why }) =>
      [time, kind, subject, from, '->', to, cause, action, why].join(' '),
    )
    .join('\n');

export const isRepair = ({ action }: Event): boolean => action === 'repaired';
export const repairOf =
  (kind: Event['kind']): Wanted =>
  (event) =>
    event.kind === kind && isRepair(event);

/** A table of faults, printed after the tests of a file. */
export class Faults {
  readonly #guest: () => Guest;
  readonly #watching: () => Watching;
  readonly #rows: Record<string, string>[] = [];

  constructor({ kernel, hardware }: Lab, guest: () => Guest, watching: () => Watching) {
    this.#guest = guest;
    this.#watching = watching;
    afterAll(() => {
      console.log(`watch on ${kernel.name}, ${hardware.nic}, ${hardware.cpus} CPUs`);
      console.table(this.#rows);
    });
  }

  /** Does it, and notes the first event that it leads to. */
  async cause(fault: string, command: string, wanted: Wanted): Promise<Event> {
    const output = await this.#guest().run(`date +%s%3N; ${command}`, 200);
    const at = Number(output.split('\n')[0]);
    // What was repaired before may still be reported.
    const isAfter = (event: Event) => Date.parse(event.time) >= at;
    const event = await this.#watching().next((each) => isAfter(each) && wanted(each));
    const { kind, subject, by, cause, action, time } = event;
    this.#rows.push({
      fault,
      'noticed after s': ((Date.parse(time) - at) / 1000).toFixed(1),
      event: `${kind} ${subject}`,
      'from what': by === null ? cause : `${by.script ?? by.comm}, pid ${by.pid}`,
      action,
    });
    return event;
  }

  /** What this kernel does not allow, so nothing can be noticed. */
  async refused(fault: string, command: string): Promise<void> {
    await expect(this.#guest().run(command)).rejects.toThrow();
    this.#rows.push({ fault, 'noticed after s': '-', event: 'refused by the driver' });
  }
}

/** Everything that was applied, as the kernel prints it: interrupts by queue, pins of the workers by CPU. */
const settingsScript = (master: number) => `ethtool -l eth0; ethtool -x eth0
cd ${QUEUES}; grep -r . . | grep -E 'xps|rps' | sort
grep -E 'eth0-|virtio[0-9]+-(in|out)put' /proc/interrupts | grep -E "^ *($(ls /sys/class/net/eth0/device/msi_irqs /sys/class/net/eth0/device/../msi_irqs 2> /dev/null | grep -E '^[0-9]+$' | paste -sd '|')):" | awk '{ print $1, $NF }' | sort -k 2 -V | while read irq name
do echo $name $(cat /proc/irq/\${irq%:}/smp_affinity_list); done
for pid in $(cat /proc/${master}/task/${master}/children); do grep Cpus_allowed_list /proc/$pid/status; done | sort`;

export const settingsOf = (guest: Guest, master: number): Promise<string> =>
  guest.run(settingsScript(master));

/** Waits until everything is as it was, to the byte. */
export async function restored(guest: Guest, master: number, before: string): Promise<void> {
  await expect.poll(() => settingsOf(guest, master), { timeout: 240_000, interval: 1_000 }).toBe(before);
}
