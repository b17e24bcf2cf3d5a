/** A machine on paper, a clock that only tests move, and what the watcher may do with both. */
import type { Host } from '../../src/host/types.ts';
import { viewOf } from '../../src/path/view.ts';
import { applied } from '../../src/tune/applied.ts';
import { planTuning } from '../../src/tune/plan.ts';
import type { Change, Kind } from '../../src/tune/types.ts';
import { KINDS } from '../../src/tune/types.ts';
import { isReadApart } from '../../src/tune/value-in.ts';
import { fromHost } from '../../src/watch/baseline.ts';
import { DEFAULTS } from '../../src/watch/policy.ts';
import { TIMES } from '../../src/watch/times.ts';
import type { WatchEvent } from '../../src/watch/types.ts';
import type { WatchedMachine } from '../../src/watch/watched-machine.ts';
import { Watcher } from '../../src/watch/watcher.ts';
import type { Writer } from '../../src/watch/writer.ts';

export interface Options {
  readonly kinds?: readonly Kind[];
  /** The machine refuses this. */
  readonly refuses?: (change: Change) => string | null;
}

export class SimulatedMachine {
  host: Host;
  ms = 1_000;
  readonly events: WatchEvent[] = [];
  readonly times: number[] = [];
  /** Everything that the watcher has written. */
  readonly written: Change[] = [];
  slotReads = 0;
  reads = 0;
  busy = false;
  /** Somebody has attached or detached a program since slots were last read. */
  programsChanged = false;
  /** Values that are no part of a host, by subject. */
  readonly apart = new Map<string, string | null>();
  /** Somebody else writes records. */
  records = '';
  /** Of all groups, when slots were last read. */
  #sockets = '';
  readonly watcher: Watcher;

  constructor(host: Host, { kinds = KINDS, refuses = () => null }: Options = {}) {
    this.host = host;
    this.#sockets = socketsOf(host);
    const machine: WatchedMachine = {
      now: () => this.ms,
      read: async (slots) => {
        this.reads += 1;
        const sockets = socketsOf(this.host);
        const isRead = slots === 'again' || (slots === 'if-changed' && sockets !== this.#sockets);
        if (isRead) {
          this.slotReads += 1;
          this.#sockets = sockets;
          this.programsChanged = false;
        }
        return { host: this.host, slots: isRead, outdated: sockets !== this.#sockets };
      },
      readApart: async () => this.apart,
      pulse: async () =>
        this.busy
          ? null
          : {
              records: this.records,
              programsChanged: this.programsChanged,
              servers: JSON.stringify(
                this.host.groups.map(({ sockets }) => sockets.map((each) => each.owners)),
              ),
            },
      rebase: async () => null,
      replan: async (seen, id, wanted) => {
        const group = seen.groups.find((each) => each.id === id);
        const options = {
          ifaces: [],
          ports: group === undefined ? [] : [group.port],
          protocol: group?.protocol ?? 'tcp',
          only: [
            ...(wanted.pins ? (['pin'] as const) : []),
            ...(wanted.program === null ? [] : (['program'] as const)),
          ],
          cpus: null,
          irqCpus: null,
          avoidCpus: [],
          smt: 'one' as const,
          program: wanted.program === 'by-cpu' ? null : wanted.program,
        };
        return planTuning(viewOf(seen), options).changes;
      },
      repair: async (changes) =>
        new Map(
          changes.map((change) => {
            const refused = refuses(change);
            if (refused === null) {
              this.written.push(change);
              if (isReadApart(change.target)) this.apart.set(change.subject, change.to);
              else this.host = applied(this.host, { changes: [change] });
            }
            return [change, refused];
          }),
        ),
      say: (event) => {
        this.events.push(event);
        this.times.push(this.ms);
      },
    };
    const policy = { ...DEFAULTS, kinds: new Set(kinds) };
    this.watcher = new Watcher(machine, fromHost(host, { ifaces: [], ports: [] }, 'the machine'), {
      ...TIMES,
      policy,
    });
  }

  /** Somebody else changes a setting, and the kernel says who or not. */
  change(change: Pick<Change, 'target' | 'to'>, by: Writer | null, path: string | null): void {
    const whole: Change = {
      kind: change.target.kind,
      subject: '',
      from: null,
      why: '',
      command: '',
      ...change,
    };
    this.host = applied(this.host, { changes: [whole] });
    if (path !== null) this.watcher.hear({ about: 'file', path, by });
  }

  /** Lets time pass; the watcher is called whenever it wants to be. */
  async pass(seconds: number): Promise<void> {
    const end = this.ms + seconds * 1000;
    while (this.watcher.due <= end) {
      this.ms = Math.max(this.ms, this.watcher.due);
      await this.watcher.step();
    }
    this.ms = end;
  }
}

const socketsOf = ({ groups }: Host): string =>
  JSON.stringify(groups.map(({ id, sockets }) => [id, ...sockets.map(({ inode }) => inode)]));
