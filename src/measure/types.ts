/** The parts of a measurement by bpftrace. */

/** Map name without `@` -> key (`3,0`; '' for a scalar) -> count. */
export type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** One way to count, by a mechanism of the kernel: `skb.fentry.bt`. */
export interface ProbeVariant {
  /** `fentry`, `kprobe`, `rawtracepoint`, `tracepoint`; shown as `coverage`. */
  readonly name: string;
  /**
   * Text of the probe: its BEGIN prints a line that starts with `Tracing `, its one `interval` prints every map (never
   * clears one: differences are computed here, so that nothing is lost in between) and ends with time().
   */
  readonly program: string;
  /** Struct members (`sk_buff.alloc_cpu`) that it reads and some kernels lack. */
  readonly fields: readonly string[];
  /** What it cannot see. */
  readonly notes: readonly string[];
}

/** What to count. startSession() starts the first variant that runs here. */
export interface Question {
  /** The best first. */
  readonly variants: readonly ProbeVariant[];
  /** $1, $2 … of the probe. */
  readonly parameters: readonly string[];
  /** Length of an interval. */
  readonly seconds: number;
  /** Entries in each map; any more are not counted. */
  readonly keys: number;
}

export interface SessionOptions {
  /** Number of intervals after which it ends by itself; null: never. */
  readonly count: number | null;
  /** Ends it early; the counts since the last interval are still returned, as the last interval. */
  readonly signal: AbortSignal;
  /** Is called with each line that the probe prints by printf(). */
  readonly onLine?: (line: string) => void;
}

export interface Interval {
  /** When it ended, and the same in milliseconds of the monotonic clock of performance.now(). */
  readonly time: Date;
  readonly ended: number;
  /** Measured. */
  readonly seconds: number;
  /** The counts of this interval only. */
  readonly counts: Counts;
  /** Events that bpftrace lost, and updates that a full map refused. */
  readonly lost: number;
  /** Maps that are full; further keys are missing. */
  readonly full: readonly string[];
}

export interface Session {
  readonly variant: ProbeVariant;
  /** Why better variants were skipped. */
  readonly passedOver: readonly string[];
  /** Can be read once; leaving it early ends the probe. Throws Failure. */
  readonly intervals: AsyncGenerator<Interval, void, undefined>;
}
