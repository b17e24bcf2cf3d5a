/**
 * Every metric: its name, type, labels and meaning. The only place of them: the text of a scrape and docs/metrics.md are
 * made from it, and the compiler checks the labels.
 */

/** An `info` is 1, and its labels are what it says. */
export type MetricType = 'gauge' | 'counter' | 'info';

/** `both`: also in one-shot text; `running`: only of a process that runs on. */
export type Where = 'both' | 'running';

export interface Metric {
  readonly type: MetricType;
  /** OpenMetrics' `# UNIT`, the end of the name before `_total`; null: a number without a unit. */
  readonly unit: 'seconds' | 'ratio' | 'bytes' | 'packets' | 'datagrams' | 'connections' | null;
  readonly labels: readonly string[];
  /** One sentence. */
  readonly help: string;
  /** Where the number comes from. */
  readonly source: string;
  readonly where: Where;
}

export const PREFIX = 'locality_tune_';

const metric = <const Labels extends readonly string[]>(
  type: MetricType,
  unit: Metric['unit'],
  labels: Labels,
  help: string,
  source: string,
  where: Where = 'both',
) => ({ type, unit, labels, help, source, where });

const ETHTOOL = 'ethtool -S';
const INTERRUPTS = '/proc/interrupts';
const SOCK_DIAG = 'sock_diag';
const SLOTS = 'bpftrace, root';
const PROBE = '--sample';
const WATCHER = 'a running `watch`, root';
const JOIN = 'computed';

/** By name without the prefix, in the order of the text. */
export const METRICS = {
  build_info: metric('info', null, ['version'], 'Version of locality-tune.', 'package.json'),
  missing: metric(
    'gauge',
    null,
    ['what', 'reason'],
    '1 if a part of the metrics is missing for this reason, otherwise 0.',
    JOIN,
  ),

  device_info: metric(
    'info',
    null,
    ['device', 'driver', 'numa_node'],
    'Driver and NUMA node of a network device; a NUMA node of -1 is not known.',
    'sysfs, ethtool',
  ),
  device_queues: metric(
    'gauge',
    null,
    ['device', 'direction'],
    'RX and TX queues of a network device.',
    'sysfs',
  ),
  queue_packets_total: metric(
    'counter',
    'packets',
    ['device', 'queue', 'direction'],
    'Packets of a queue since its driver was loaded.',
    ETHTOOL,
  ),
  queue_interrupts_total: metric(
    'counter',
    null,
    ['device', 'queue', 'direction'],
    'Interrupts of the IRQ that serves a queue, since boot; an IRQ that serves both directions counts in both.',
    INTERRUPTS,
  ),
  queue_irq_cpu: metric(
    'gauge',
    null,
    ['device', 'queue', 'direction'],
    'The CPU that takes the interrupts of a queue; absent if there are several, or if it is not known.',
    '/proc/irq',
  ),
  queue_rss_ratio: metric(
    'gauge',
    'ratio',
    ['device', 'queue'],
    'Share of the entries of the RSS table that name an RX queue.',
    'ethtool',
  ),
  queue_xps_cpu: metric(
    'gauge',
    null,
    ['device', 'queue'],
    'The CPU that sends through a TX queue by XPS; absent if there are several or none, or if it is not known.',
    'sysfs',
  ),
  queue_rps_cpus: metric(
    'gauge',
    null,
    ['device', 'queue'],
    'CPUs to which RPS spreads the packets of an RX queue; 0 if it is off.',
    'sysfs',
  ),
  cpu_queues: metric('gauge', null, ['cpu'], 'RX queues whose interrupts this CPU alone takes.', '/proc/irq'),
  cpu_workers: metric(
    'gauge',
    null,
    ['cpu'],
    'Sockets of reuseport groups whose workers are pinned to this CPU alone.',
    '/proc, sched_getaffinity',
  ),

  group_info: metric(
    'info',
    null,
    ['group', 'port', 'protocol', 'selection'],
    'A reuseport group, and how the kernel picks its socket: hash, cbpf, ebpf, incoming_cpu or unknown.',
    `${SOCK_DIAG}; selection: ${SLOTS}`,
  ),
  program_info: metric(
    'info',
    null,
    ['group', 'program'],
    'The program that is attached to a group: its name, none, foreign (not one of locality-tune) or unknown.',
    SLOTS,
  ),
  group_sockets: metric('gauge', null, ['group'], 'Sockets of a reuseport group.', SOCK_DIAG),
  expected_locality_ratio: metric(
    'gauge',
    'ratio',
    ['device', 'group', 'port'],
    'Share of the packets from a device to a group that the settings make local; absent if it is not known.',
    JOIN,
  ),
  expected_busiest_ratio: metric(
    'gauge',
    'ratio',
    ['device', 'group', 'port'],
    'Share of the flows from a device to a group that its busiest worker gets, if every flow counts the same.',
    JOIN,
  ),
  slot_worker_cpu: metric(
    'gauge',
    null,
    ['group', 'slot'],
    'The CPU to which the worker of a slot is pinned; absent if it is not pinned to one CPU, or is not known.',
    '/proc, sched_getaffinity',
  ),
  slot_waiting_connections: metric(
    'gauge',
    'connections',
    ['group', 'slot'],
    'Connections that wait for accept in the socket of a slot.',
    SOCK_DIAG,
  ),
  slot_waiting_bytes: metric(
    'gauge',
    'bytes',
    ['group', 'slot'],
    'Bytes that wait to be read in the UDP socket of a slot.',
    SOCK_DIAG,
  ),
  slot_drops_total: metric(
    'counter',
    null,
    ['group', 'slot'],
    'Packets that the socket of a slot has dropped; slot is empty if the slots are not known.',
    SOCK_DIAG,
  ),

  findings: metric(
    'gauge',
    null,
    ['rule', 'severity'],
    'Findings of a rule, as `locality-tune inspect` lists them.',
    JOIN,
  ),

  probe_up: metric(
    'gauge',
    null,
    ['probe'],
    '1 if the latest sample of a probe succeeded, 0 if it failed or there is none.',
    PROBE,
    'running',
  ),
  probe_active: metric(
    'gauge',
    null,
    ['probe'],
    '1 while a probe counts, which makes packets cost more.',
    PROBE,
    'running',
  ),
  probe_info: metric('info', null, ['probe', 'variant'], 'How a probe hooks the kernel.', PROBE, 'running'),
  probe_seconds_total: metric(
    'counter',
    'seconds',
    ['probe'],
    'Time during which a probe has counted: divide its counters by this for rates.',
    PROBE,
    'running',
  ),
  probe_samples_total: metric(
    'counter',
    null,
    ['probe', 'result'],
    'Samples of a probe, by result: ok or failed.',
    PROBE,
    'running',
  ),
  probe_lost_total: metric(
    'counter',
    null,
    ['probe'],
    'Events that a probe has lost while it counted.',
    PROBE,
    'running',
  ),
  skb_packets_total: metric(
    'counter',
    'packets',
    ['direction', 'local'],
    'Packets counted during samples: rx is local if read on the CPU that received it, tx if freed on the CPU that sent it.',
    PROBE,
    'running',
  ),
  skb_pair_packets_total: metric(
    'counter',
    'packets',
    ['direction', 'from', 'to'],
    'The same by pair of CPUs: received or sent on one, read or freed on the other.',
    `${PROBE} --matrix`,
    'running',
  ),
  accepts_total: metric(
    'counter',
    null,
    ['port', 'local'],
    'Accepts counted during samples; local if on the CPU that received the connection, unknown if the kernel does not know it.',
    PROBE,
    'running',
  ),
  udp_datagrams_total: metric(
    'counter',
    'datagrams',
    ['port', 'slot', 'local'],
    'Datagrams that were read during samples; local if on the CPU that received them; slot is empty outside groups.',
    PROBE,
    'running',
  ),
  slot_packets_total: metric(
    'counter',
    'packets',
    ['group', 'slot'],
    'What the socket of a slot got during samples: datagrams, or for TCP accepted connections.',
    PROBE,
    'running',
  ),

  watchers: metric('gauge', null, [], 'Running watchers of this network namespace.', WATCHER),
  watch_paused: metric('gauge', null, [], 'Running watchers whose repairs are paused.', WATCHER),
  watch_given_up: metric(
    'gauge',
    null,
    [],
    'Settings that watchers leave alone because another process keeps changing them.',
    WATCHER,
  ),
  watched_settings: metric(
    'gauge',
    null,
    ['state'],
    'Watched settings by state: as-set, pending, drifted, ended, gone or unknown.',
    WATCHER,
  ),
  drift: metric(
    'gauge',
    null,
    ['kind', 'device'],
    'Watched settings that have drifted; device is empty for settings of groups and of the whole machine.',
    WATCHER,
  ),
  drift_events_total: metric(
    'counter',
    null,
    ['kind', 'cause'],
    'Times that a setting drifted, by who changed it: unit, container, process, interface, server, cpu or unknown.',
    WATCHER,
  ),
  repairs_total: metric(
    'counter',
    null,
    ['kind', 'result'],
    'Repairs of drifted settings, by result: repaired, failed or given-up.',
    WATCHER,
  ),

  irq_info: metric(
    'info',
    null,
    ['irq', 'device', 'role', 'name'],
    'An IRQ of a network device.',
    `${INTERRUPTS}; --per-irq`,
  ),
  irq_cpu: metric(
    'gauge',
    null,
    ['irq'],
    'The CPU that takes an IRQ; absent if there are several, or if it is not known.',
    '/proc/irq; --per-irq',
  ),
  irq_interrupts_total: metric(
    'counter',
    null,
    ['irq'],
    'Interrupts of an IRQ of a network device, since boot.',
    `${INTERRUPTS}; --per-irq`,
  ),

  read_seconds: metric(
    'gauge',
    'seconds',
    [],
    'How long the latest reading of the configuration took.',
    'clock',
  ),
  read_timestamp_seconds: metric(
    'gauge',
    'seconds',
    [],
    'When the configuration was last read: everything but counters, waiting packets and watchers is of then.',
    'clock',
  ),
  reads_total: metric(
    'counter',
    null,
    ['result'],
    'Readings of the configuration, by result: ok or failed.',
    'own count',
    'running',
  ),
  slot_reads_total: metric(
    'counter',
    null,
    ['result'],
    'Readings of slots and programs, which start bpftrace, by result: ok or failed.',
    'own count',
    'running',
  ),
  cpu_seconds_total: metric(
    'counter',
    'seconds',
    ['process'],
    'CPU time of this process (exporter) and of the processes that it has started and that have ended (children: bpftrace).',
    '/proc/self/stat',
    'running',
  ),
  resident_memory_bytes: metric(
    'gauge',
    'bytes',
    [],
    'Resident memory of this process.',
    '/proc/self/statm',
    'running',
  ),
  http_requests_total: metric(
    'counter',
    null,
    ['code'],
    'Answered HTTP requests, by status.',
    'own count',
    'running',
  ),
  http_closed_connections_total: metric(
    'counter',
    'connections',
    ['reason'],
    'HTTP connections that the server closed: crowded (too many were open), slow or malformed.',
    'own count',
    'running',
  ),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;

/** The labels of a metric, all of them. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]['labels'][number], string | number>
>;

/** What can be missing, and why: every pair is exported, so that a 0 says that nothing is missing. */
export const MISSING = {
  /** The configuration as a whole; it is that of an earlier reading. */
  configuration: ['failed'],
  /** Workers of other users' servers. */
  workers: ['not-root'],
  slots: ['not-root', 'off', 'bpftrace-missing', 'pending', 'failed'],
  rss: ['driver'],
  queue_packets: ['driver', 'slow'],
  interrupt_counts: ['hidden'],
  skb: ['off', 'not-root', 'bpftrace-missing', 'pending', 'failed'],
  skb_tx: ['kernel'],
  accept: ['off', 'not-root', 'bpftrace-missing', 'pending', 'failed'],
  udp: ['off', 'not-root', 'bpftrace-missing', 'pending', 'failed'],
  watch: ['not-root', 'not-running', 'failed'],
} as const;

export type MissingWhat = keyof typeof MISSING;
export type MissingReason<What extends MissingWhat> = (typeof MISSING)[What][number];
