/** Collects all metrics of this machine. */
import { packageVersion } from '../system/package.ts';
import type { Files, System } from '../system/types.ts';
import type { CountedWatcher } from '../watch/ask.ts';
import { Accumulator } from './accumulator.ts';
import type { MissingReason } from './catalog.ts';
import { addDevices, addIrqs } from './devices.ts';
import { addFindings } from './findings.ts';
import { addGroups, dropsOf, withCounters } from './groups.ts';
import type { HttpCounts } from './http.ts';
import type { Measured } from './measured.ts';
import { addOwnCost } from './own.ts';
import { localRange, portLabels } from './ports.ts';
import { Reader, type ReaderOptions } from './reader.ts';
import { type Lines, Scrape } from './scrape.ts';
import type { Configuration, RuleSeverities } from './types.ts';
import { WatcherTotals } from './watchers.ts';

export interface Watching {
  readonly watchers: readonly CountedWatcher[];
  /** Pids of those that did not answer. */
  readonly silent: readonly number[];
  /** Why there are none. */
  readonly missing: MissingReason<'watch'> | null;
}

export interface ExporterOptions extends ReaderOptions {
  readonly rules: readonly RuleSeverities[];
  readonly perIrq: boolean;
  readonly measured: Measured;
  /** Does this process run on? One-shot text has no counters of its own. */
  readonly running: boolean;
  /** Of the server; null: there is none. */
  readonly http: () => HttpCounts | null;
  /** Of this network namespace. Never rejects. */
  readonly watching: () => Promise<Watching>;
  readonly trouble: (message: string) => void;
}

export class Exporter {
  readonly #files: Files;
  readonly #options: ExporterOptions;
  readonly #drops = new Accumulator();
  readonly #watchers = new WatcherTotals();
  readonly reader: Reader;

  constructor(open: () => System, options: ExporterOptions) {
    this.#files = open().files;
    this.#options = options;
    this.reader = new Reader(open, options, options.trouble);
  }

  /** What samples are judged by. */
  contextOf({ host }: Configuration) {
    return {
      groups: host.groups,
      cpus: host.machine.cpus.online,
      ports: portLabels(host, localRange(this.#files)),
    };
  }

  /** All series as of now. */
  async collect(): Promise<Lines> {
    const { perIrq, running } = this.#options;
    const scrape = new Scrape();
    scrape.add('build_info', { version: packageVersion() }, 1);
    const [configuration, watching] = await Promise.all([
      running ? this.reader.configuration() : this.reader.whole(),
      this.#options.watching(),
    ]);
    if (this.reader.isFailing) scrape.miss('configuration', 'failed');
    if (configuration !== null) {
      const counters = await this.reader.counters(configuration.host);
      this.#addConfiguration(scrape, withCounters(configuration, counters), counters.sockets !== null);
      addDevices(scrape, configuration.host, counters);
      if (perIrq) addIrqs(scrape, configuration.host, counters);
    }
    this.#addWatching(scrape, watching);
    this.#options.measured.add(scrape, configuration === null ? NOTHING : this.contextOf(configuration));
    if (running) this.#addOwn(scrape);
    return scrape.lines;
  }

  /** @param isCounted are the drops of its sockets those of now? */
  #addConfiguration(scrape: Scrape, configuration: Configuration, isCounted: boolean): void {
    const { host, findings, slots, readAt, seconds } = configuration;
    if (slots !== null) scrape.miss('slots', slots);
    if (process.geteuid?.() !== 0) scrape.miss('workers', 'not-root');
    // What was read before the latest scrape may be less than it counted, and would count again.
    if (isCounted || this.#drops.totals.size === 0)
      this.#drops.update(dropsOf(host.groups, this.#options.running));
    addGroups(scrape, configuration, this.#drops.totals);
    addFindings(scrape, findings, this.#options.rules);
    scrape.add('read_seconds', {}, seconds);
    scrape.add('read_timestamp_seconds', {}, readAt / 1000);
  }

  #addWatching(scrape: Scrape, { watchers, silent, missing }: Watching): void {
    if (missing !== null) scrape.miss('watch', missing);
    scrape.add('watchers', {}, watchers.length);
    this.#watchers.add(scrape, watchers, silent);
  }

  #addOwn(scrape: Scrape): void {
    const { reads, slotReads } = this.reader;
    for (const result of ['ok', 'failed'] as const) {
      scrape.add('reads_total', { result }, reads[result]);
      scrape.add('slot_reads_total', { result }, slotReads[result]);
    }
    addOwnCost(scrape, this.#files);
    const http = this.#options.http();
    for (const [code, count] of http?.requests ?? []) scrape.add('http_requests_total', { code }, count);
    for (const [reason, count] of http?.closed ?? [])
      scrape.add('http_closed_connections_total', { reason }, count);
  }
}

const NOTHING = { groups: [], ports: { tcp: new Set<number>(), udp: new Set<number>() } };
