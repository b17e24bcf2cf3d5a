/** What is known of each metric: its unit, which direction is better, and the words for a verdict on it. */
import type { MetricName, Per } from './types.ts';

export interface About {
  /** In the table. */
  readonly label: string;
  /** In a sentence: `IPIs for a connection`. */
  phrase(per: Per): string;
  /** @param per `conn`, `packet`, `datagram` */
  unit(per: string): string;
  /** Values that can be 0 or are shares already: their difference counts, not their ratio. */
  readonly inPoints: boolean;
  readonly better: 'lower' | 'higher';
  /** May it decide? What other things of the machine change as much tells nothing about the server. */
  readonly decides: boolean;
}

const cost = (label: string, words: string, unit = ''): About => ({
  label,
  phrase: (per) => `${words} for a ${per}`,
  unit: (per) => `${unit}/${per}`,
  inPoints: false,
  better: 'lower',
  decides: true,
});
const share = (label: string, phrase: string, decides = true): About => ({
  label,
  phrase: () => phrase,
  unit: () => '%',
  inPoints: true,
  better: 'lower',
  decides,
});

/** The probe that counts them costs the server too much for the rounds that decide. */
const wait = (label: string, phrase: string): About => ({
  label,
  phrase: () => phrase,
  unit: () => 'µs',
  inPoints: false,
  better: 'lower',
  decides: false,
});

export const ABOUT: Readonly<Record<MetricName, About>> = {
  'worker-cpu': cost('CPU of the workers', 'the CPU time of the workers', 'µs'),
  'remote-wakeups': share('wakeups from another CPU', 'the share of wakeups from another CPU'),
  ipis: cost('IPIs, whole machine', 'IPIs'),
  'cpus-not-idle': {
    ...share('CPUs not idle, whole machine', 'the share of time in which CPUs are not idle'),
    inPoints: false,
  },
  'run-queue-wait': cost('wait for a CPU', 'the wait for a CPU', 'µs'),
  switches: { ...cost('times scheduled', 'context switches'), decides: false },
  'busiest-worker': share("busiest worker's share", "the busiest worker's share"),
  rate: {
    label: 'load',
    phrase: (per) => `${per}s in a second`,
    unit: (per) => `${per}/s`,
    inPoints: false,
    better: 'higher',
    decides: true,
  },
  steal: share('taken by the hypervisor', 'the share that the hypervisor takes', false),
  drops: {
    label: 'drops of the sockets',
    phrase: () => 'drops of the sockets',
    unit: () => '/s',
    inPoints: true,
    better: 'lower',
    decides: false,
  },
  cycles: cost('cycles, whole machine', 'cycles'),
  instructions: cost('instructions, whole machine', 'instructions'),
  'llc-misses': cost('LLC misses, whole machine', 'misses of the last-level cache'),
  number: {
    label: 'your number',
    phrase: () => 'your number',
    unit: () => '',
    inPoints: false,
    better: 'lower',
    decides: true,
  },
  'wait-median': wait('wait for a worker, median', 'the median wait for a worker'),
  'wait-p99': wait('wait for a worker, 99 %', 'the wait for a worker that 99 % do not exceed'),
};

/** In units of tables. */
export const SHORT: Readonly<Record<Per, string>> = {
  connection: 'conn',
  packet: 'packet',
  datagram: 'datagram',
};
