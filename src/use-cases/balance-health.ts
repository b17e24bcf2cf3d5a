/** Asks the backends of an attached balancer again and again, and takes away those that do not answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../balance/ask.ts';
import { digestOf } from '../balance/digest.ts';
import { nameOfVip } from '../balance/file.ts';
import {
  type Check,
  checkKey,
  checkOf,
  type Health,
  type HealthEvent,
  judge,
  type Limits,
  turnOf,
} from '../balance/health.ts';
import type { AttachedVip } from '../balance/in-force.ts';
import { outOfService } from '../balance/out-of-service.ts';
import { serveWithout } from '../balance/serve-without.ts';
import { type Attached, readTable } from '../balance/state.ts';
import { balancersOf, severalBalancers } from '../balance/status.ts';
import { rowCounts } from '../balance/table.ts';
import type { FileVip } from '../balance/types.ts';
import type { ProgramInfo } from '../system/bpf.ts';
import { failure } from '../system/errors.ts';
import { possibleCpus } from '../xdp/situation.ts';
import { withMapsOf, xdpState } from '../xdp/state.ts';
import type { LiveMachine } from './machine.ts';

export interface HealthOptions extends Limits {
  readonly iface: string | null;
  /** Seconds from one round to the next. */
  readonly interval: number;
  /** Seconds for an answer. */
  readonly timeout: number;
  /** null: until it is stopped. */
  readonly rounds: number | null;
  /** How VIPs are checked; null: by TCP. */
  readonly file: readonly FileVip[] | null;
}

/** A balancer as it was attached; `balance apply` and `remove` exchange its program. */
interface Watched {
  readonly iface: string;
  readonly ifindex: number;
  readonly info: ProgramInfo;
  readonly attached: Attached;
  /** Number of possible CPUs. */
  readonly possible: number;
  /** Name of a VIP -> its backends that are away: nobody else writes rows, so they are read once. */
  readonly out: Map<string, ReadonlySet<string>>;
}

/**
 * Ends when `signal` aborts, and leaves the backends as they are: what starts it again must not bring dead ones back. Throws
 * Failure no-such-interface, no-balancer (also if it is detached meanwhile), several-balancers; SystemError.
 */
export async function* watchHealth(
  machine: LiveMachine,
  options: HealthOptions,
  signal: AbortSignal,
): AsyncGenerator<HealthEvent> {
  let watched = await open(machine, options.iface);
  const memory: Memory = { health: new Map(), kept: new Set() };
  yield* beginnings(watched, options);
  yield* adopt(watched, memory, options);
  for (let round = 0; round !== options.rounds; round++) {
    if (round > 0 && (await sleep(1000 * options.interval, false, { signal }).catch(() => true))) return;
    if (!(await isAttached(watched))) {
      watched = await open(machine, watched.iface);
      // The new program gives every backend its rows, also one that is known to be down.
      yield* adopt(watched, memory, options);
    }
    const answers = await ask(checksOf(watched, options), 1000 * options.timeout);
    if (signal.aborted) return;
    for (const vip of watched.attached.inForce.vips) {
      for (const [address, check] of checksIn(vip, options)) {
        const key = keyOf(vip, address);
        const answer = answers.get(checkKey(check)) ?? null;
        memory.health.set(key, judged(memory.health.get(key), answer, options));
      }
      yield* adjust(watched, vip, memory, options, false);
    }
  }
}

interface Memory {
  readonly health: Map<string, Health & { readonly why: string }>;
  /** Already said. */
  readonly kept: Set<string>;
}

const keyOf = (vip: AttachedVip, address: string): string => `${nameOfVip(vip)} ${address}`;

function judged(before: Health | undefined, answer: string | null, limits: Limits): Health & { why: string } {
  const health = judge(before ?? { up: true, against: 0 }, answer === null, limits);
  return { ...health, why: answer ?? `it answered ${limits.rise} checks in a row` };
}

async function open(machine: LiveMachine, iface: string | null): Promise<Watched> {
  const [first, ...more] = await balancersOf(machine.files, iface);
  if (first !== undefined && more.length > 0) throw severalBalancers([first, ...more]);
  const info = first?.state.programs[0]?.info ?? null;
  if (first === undefined || info === null)
    throw failure(
      'no-balancer',
      'no interface here has a balancer',
      'attach one: locality-tune balance apply',
    );
  const { state, attached } = first;
  const possible = possibleCpus(machine.files);
  const out = new Map(
    attached.inForce.vips.map((vip) => [nameOfVip(vip), outIn(info, attached, vip, possible)]),
  );
  return { iface: first.iface, ifindex: state.ifindex, info, attached, possible, out };
}

const isAttached = async ({ ifindex, info }: Watched): Promise<boolean> =>
  (await xdpState(ifindex))?.programs[0]?.programId === info.id;

function checksIn(vip: AttachedVip, { file }: HealthOptions): readonly (readonly [string, Check])[] {
  const check = checkOf(vip, file);
  if (check === null) return [];
  return vip.backends
    .filter(({ weight }) => weight > 0)
    .map(({ address }) => [address, { ...check, address }] as const);
}

const checksOf = ({ attached }: Watched, options: HealthOptions): readonly Check[] =>
  attached.inForce.vips.flatMap((vip) => checksIn(vip, options).map(([, check]) => check));

function* beginnings(watched: Watched, options: HealthOptions): Generator<HealthEvent> {
  const digest = digestNow(watched);
  for (const vip of watched.attached.inForce.vips) {
    const check = checkOf(vip, options.file);
    const how = check?.protocol === 'udp' ? 'a UDP request' : 'a TCP connection';
    yield {
      event: check === null ? 'unchecked' : 'watching',
      iface: watched.iface,
      vip: nameOfVip(vip),
      backend: null,
      why:
        check === null
          ? 'no check is known for it: its VIP in the file needs "health"'
          : `by ${how} to port ${check.port} of each backend, every ${options.interval} s`,
      moved: 0,
      digest,
    };
  }
}

/** A program is seen for the first time: what is not known of its backends is what the last check left behind. */
function* adopt(watched: Watched, memory: Memory, options: HealthOptions): Generator<HealthEvent> {
  for (const vip of watched.attached.inForce.vips) {
    const out = outOf(watched, vip);
    for (const { address } of vip.backends) {
      const key = keyOf(vip, address);
      if (!memory.health.has(key))
        memory.health.set(key, { up: !out.has(address), against: 0, why: 'it was taken away before' });
    }
    yield* adjust(watched, vip, memory, options, true);
  }
}

/** @param isNew the flow cache may know flows of backends that are away: a check was killed in between */
function* adjust(
  watched: Watched,
  vip: AttachedVip,
  { health, kept }: Memory,
  options: HealthOptions,
  isNew: boolean,
): Generator<HealthEvent> {
  // What nobody checks any more comes back.
  const isUp = (address: string) =>
    checkOf(vip, options.file) === null || (health.get(keyOf(vip, address))?.up ?? true);
  const out = outOf(watched, vip);
  const turn = turnOf(vip.backends, out, isUp, options);
  const gone = new Set([...turn.out].filter((address) => !out.has(address)));
  const back = new Set([...out].filter((address) => !turn.out.has(address)));
  const forget = isNew ? turn.out : gone;
  if (forget.size > 0 || back.size > 0) {
    const { info, attached, possible } = watched;
    const moved = serveWithout(info, attached, vip, { out: turn.out, forget }, possible);
    watched.out.set(nameOfVip(vip), turn.out);
    yield* eventsOf('down', gone, moved);
    yield* eventsOf('up', back, moved);
  }
  const keptNow = new Set(turn.kept.map((address) => keyOf(vip, address)));
  yield* eventsOf('kept', new Set(turn.kept.filter((address) => !kept.has(keyOf(vip, address)))), 0);
  for (const { address } of vip.backends) {
    const key = keyOf(vip, address);
    if (keptNow.has(key)) kept.add(key);
    else kept.delete(key);
  }

  function* eventsOf(
    event: HealthEvent['event'],
    addresses: ReadonlySet<string>,
    moved: number,
  ): Generator<HealthEvent> {
    if (addresses.size === 0) return;
    const digest = digestNow(watched);
    for (const backend of addresses)
      yield {
        event,
        iface: watched.iface,
        vip: nameOfVip(vip),
        backend,
        why: health.get(keyOf(vip, backend))?.why ?? '',
        moved,
        digest,
      };
  }
}

const outOf = ({ out }: Watched, vip: AttachedVip): ReadonlySet<string> =>
  out.get(nameOfVip(vip)) ?? new Set();

function outIn(
  info: ProgramInfo,
  attached: Attached,
  vip: AttachedVip,
  possible: number,
): ReadonlySet<string> {
  const table = withMapsOf(info, (maps) => readTable(maps, attached, vip, possible));
  return outOfService(vip, attached.inForce.seed, rowCounts(table, vip));
}

const digestNow = ({ info, attached, possible }: Watched): string =>
  withMapsOf(info, (maps) =>
    digestOf(
      attached.inForce.seed,
      attached.inForce.vips.map((vip) => ({ vip, table: readTable(maps, attached, vip, possible) })),
    ),
  );
