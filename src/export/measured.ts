/** What the sampled probes have counted, summed up since the start. */
import type { Group } from '../host/types.ts';
import { toPairs } from '../measure/accept.ts';
import { toSkbs } from '../measure/skb.ts';
import type { Counts, Interval, ProbeVariant } from '../measure/types.ts';
import { toReads } from '../measure/udp.ts';
import type { MissingReason } from './catalog.ts';
import type { PortLabels } from './ports.ts';
import { PROBES, type ProbeName } from './probes.ts';
import type { Scrape } from './scrape.ts';

/** What a sample is judged by: the machine when it ended. */
export interface SampleContext {
  readonly groups: readonly Group[];
  /** CPUs of the rows and columns of pairs. */
  readonly cpus: readonly number[];
  readonly ports: PortLabels;
  /** Probes see every network namespace. */
  isHere(pid: number): boolean;
}

interface ProbeTotals {
  seconds: number;
  lost: number;
  ok: number;
  failed: number;
  /** Why the latest sample failed; null: it succeeded; `pending`: there is none yet. */
  why: MissingReason<ProbeName> | null;
  variant: string | null;
  /** Does it count now? */
  active: boolean;
}

/** Label values joined by spaces -> count. */
type Totals = Map<string, number>;

const LOCAL = ['true', 'false'] as const;
const JUDGED = [...LOCAL, 'unknown'] as const;

export class Measured {
  readonly #probes: ReadonlyMap<ProbeName, ProbeTotals>;
  readonly #matrix: boolean;
  readonly #absent: 'off' | 'not-root';
  #countsTx = true;
  readonly #skbs: Totals = new Map();
  readonly #pairs: Totals = new Map();
  readonly #accepts: Totals = new Map();
  readonly #datagrams: Totals = new Map();
  /** Group ids have spaces, so the slot comes first. */
  readonly #slots: Totals = new Map();

  /** @param matrix also sum up by pair of CPUs @param absent why other probes do not run */
  constructor(probes: readonly ProbeName[], matrix: boolean, absent: 'off' | 'not-root') {
    this.#matrix = matrix;
    this.#absent = absent;
    this.#probes = new Map(
      probes.map((probe) => [
        probe,
        { seconds: 0, lost: 0, ok: 0, failed: 0, why: 'pending', variant: null, active: false },
      ]),
    );
  }

  /** It counts from now on, until `succeeded` or `failed`. */
  started(probe: ProbeName): void {
    const totals = this.#probes.get(probe);
    if (totals !== undefined) totals.active = true;
  }

  failed(probe: ProbeName, why: MissingReason<ProbeName>): void {
    const totals = this.#probes.get(probe);
    if (totals === undefined) return;
    totals.failed += 1;
    totals.active = false;
    totals.why = why;
  }

  /** @param countsTx of `skb`: does this variant count sent packets? */
  succeeded(
    probe: ProbeName,
    { name }: ProbeVariant,
    countsTx: boolean,
    interval: Interval,
    context: SampleContext,
  ): void {
    const totals = this.#probes.get(probe);
    if (totals === undefined) return;
    totals.ok += 1;
    totals.active = false;
    totals.why = null;
    totals.variant = name;
    totals.seconds += interval.seconds;
    totals.lost += interval.lost;
    if (probe === 'skb') this.#addSkbs(interval, countsTx, context);
    else if (probe === 'accept') this.#addAccepts(interval.counts, context);
    else this.#addDatagrams(interval.counts, context);
  }

  #addSkbs(interval: Interval, countsTx: boolean, { cpus }: SampleContext): void {
    this.#countsTx = countsTx;
    const { rx, tx, rxMatrix, txMatrix } = toSkbs(interval, this.#matrix ? cpus : [], {
      tx: countsTx,
      toDriver: false,
    });
    for (const [direction, { packets, local }] of Object.entries({ rx, tx })) {
      if (packets === null || local === null) continue;
      grow(this.#skbs, `${direction} true`, local);
      grow(this.#skbs, `${direction} false`, packets - local);
    }
    if (!this.#matrix) return;
    for (const [direction, matrix] of Object.entries({ rx: rxMatrix, tx: txMatrix ?? [] }))
      for (const [row, counts] of matrix.entries())
        for (const [column, count] of counts.entries())
          if (count > 0) grow(this.#pairs, `${direction} ${cpus[row]} ${cpus[column]}`, count);
  }

  #addAccepts(counts: Counts, { groups, ports, isHere }: SampleContext): void {
    const slotOf = slotFinder(groups);
    for (const { pid, fd, port, cpu, rxcpu, count } of toPairs(counts)) {
      if (!isHere(pid)) continue;
      grow(this.#accepts, `${labelOf(port, ports.tcp)} ${localityOf(cpu, rxcpu)}`, count);
      const slot = slotOf(pid, fd, port);
      if (slot !== null) grow(this.#slots, slot, count);
    }
  }

  #addDatagrams(counts: Counts, { groups, ports, isHere }: SampleContext): void {
    const slots = new Map(
      groups
        .filter(({ protocol }) => protocol === 'udp')
        .flatMap(({ id, sockets }) =>
          sockets.flatMap(({ inode, slot }) => (slot === null ? [] : [[inode, { id, slot }] as const])),
        ),
    );
    for (const [inode, reads] of toReads(counts)) {
      const known = slots.get(inode);
      for (const { pid, port, cpu, rxcpu, count } of reads) {
        if (!isHere(pid)) continue;
        const key = `${labelOf(port, ports.udp)} ${known?.slot ?? ''} ${localityOf(cpu, rxcpu)}`;
        grow(this.#datagrams, key, count);
        if (known !== undefined) grow(this.#slots, `${known.slot} ${known.id}`, count);
      }
    }
  }

  /** Also forgets ports and groups that are gone, which would pile up over months. */
  add(scrape: Scrape, now: Pick<SampleContext, 'ports' | 'groups'>): void {
    for (const probe of PROBES) this.#addProbe(scrape, probe);
    for (const direction of this.#countsTx ? ['rx', 'tx'] : ['rx'])
      for (const local of LOCAL)
        if (this.#probes.has('skb'))
          scrape.add('skb_packets_total', { direction, local }, this.#skbs.get(`${direction} ${local}`) ?? 0);
    if (!this.#countsTx) scrape.miss('skb_tx', 'kernel');
    for (const [key, count] of this.#pairs) {
      const [direction = '', from = '', to = ''] = key.split(' ');
      scrape.add('skb_pair_packets_total', { direction, from, to }, count);
    }
    this.#addPorts(scrape, now);
    this.#addSlots(scrape, now.groups);
  }

  #addProbe(scrape: Scrape, probe: ProbeName): void {
    const totals = this.#probes.get(probe);
    if (totals === undefined) {
      scrape.miss(probe, this.#absent);
      return;
    }
    const { seconds, lost, ok, failed, why, variant, active } = totals;
    if (why !== null) scrape.miss(probe, why);
    scrape.add('probe_up', { probe }, why === null);
    scrape.add('probe_active', { probe }, active);
    if (variant !== null) scrape.add('probe_info', { probe, variant }, 1);
    scrape.add('probe_seconds_total', { probe }, seconds);
    scrape.add('probe_samples_total', { probe, result: 'ok' }, ok);
    scrape.add('probe_samples_total', { probe, result: 'failed' }, failed);
    scrape.add('probe_lost_total', { probe }, lost);
  }

  #addPorts(scrape: Scrape, { ports, groups }: Pick<SampleContext, 'ports' | 'groups'>): void {
    const isGone = (labels: ReadonlySet<number>) => (key: string) => {
      const port = key.slice(0, key.indexOf(' '));
      return port !== OTHER && !labels.has(Number(port));
    };
    forget(this.#accepts, isGone(ports.tcp));
    forget(this.#datagrams, isGone(ports.udp));
    if (this.#probes.has('accept'))
      for (const port of [...ports.tcp, OTHER])
        for (const local of JUDGED)
          scrape.add('accepts_total', { port, local }, this.#accepts.get(`${port} ${local}`) ?? 0);
    if (!this.#probes.has('udp')) return;
    const datagrams = new Map([...zeros(ports.udp, groups), ...this.#datagrams]);
    for (const [key, count] of datagrams) {
      const [port = '', slot = '', local = ''] = key.split(' ');
      scrape.add('udp_datagrams_total', { port, slot, local }, count);
    }
  }

  #addSlots(scrape: Scrape, groups: readonly Group[]): void {
    const wanted = new Set<string>();
    for (const { id: group, protocol, sockets } of groups) {
      if (!this.#probes.has(protocol === 'tcp' ? 'accept' : 'udp')) continue;
      for (const { slot } of sockets) {
        if (slot === null) continue;
        const key = `${slot} ${group}`;
        wanted.add(key);
        scrape.add('slot_packets_total', { group, slot }, this.#slots.get(key) ?? 0);
      }
    }
    forget(this.#slots, (key) => !wanted.has(key));
  }
}

/**
 * The slot, with its group, in which a process accepted. The descriptor of a call that began before the sample is not known:
 * then it is the one slot of that port that the process serves, or none.
 */
function slotFinder(groups: readonly Group[]) {
  const byDescriptor = new Map<string, string>();
  const served = new Map<string, Set<string>>();
  for (const { id, protocol, port, sockets } of groups) {
    if (protocol !== 'tcp') continue;
    for (const { slot, holders, owners } of sockets) {
      if (slot === null) continue;
      for (const { pid, fd } of holders) byDescriptor.set(`${pid} ${fd}`, `${slot} ${id}`);
      for (const { pid } of owners) {
        const key = `${pid} ${port}`;
        served.set(key, (served.get(key) ?? new Set()).add(`${slot} ${id}`));
      }
    }
  }
  return (pid: number, fd: number | null, port: number): string | null => {
    if (fd !== null) return byDescriptor.get(`${pid} ${fd}`) ?? null;
    const [slot, ...others] = served.get(`${pid} ${port}`) ?? [];
    return slot !== undefined && others.length === 0 ? slot : null;
  };
}

const OTHER = 'other';

/** Of every slot of a UDP group, and of every port without one. */
function zeros(ports: ReadonlySet<number>, groups: readonly Group[]): [string, number][] {
  const slotted = groups.flatMap(({ protocol, port, sockets }) =>
    protocol === 'udp' && ports.has(port)
      ? sockets.flatMap(({ slot }) => (slot === null ? [] : [{ port, slot }]))
      : [],
  );
  const withSlots = new Set(slotted.map(({ port }) => port));
  const keys = [
    ...slotted.map(({ port, slot }) => `${port} ${slot}`),
    ...[...ports].filter((port) => !withSlots.has(port)).map((port) => `${port} `),
    `${OTHER} `,
  ];
  return keys.flatMap((key) => JUDGED.map((local): [string, number] => [`${key} ${local}`, 0]));
}

const labelOf = (port: number, labels: ReadonlySet<number>): string =>
  labels.has(port) ? String(port) : OTHER;

const localityOf = (cpu: number, rxcpu: number | null): string =>
  rxcpu === null ? 'unknown' : String(cpu === rxcpu);

const grow = (totals: Totals, key: string, count: number): void => {
  totals.set(key, (totals.get(key) ?? 0) + count);
};

function forget(totals: Totals, isGone: (key: string) => boolean): void {
  for (const key of totals.keys()) if (isGone(key)) totals.delete(key);
}
