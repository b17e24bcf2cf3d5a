/** The running exporter: it listens, samples, and answers scrapes until it is stopped. */
import { isInOurNetns } from '../measure/process.ts';
import type { System } from '../system/types.ts';
import type { ListenAddress } from './address.ts';
import { Exporter, type ExporterOptions } from './exporter.ts';
import { MetricsServer } from './http.ts';
import { Measured, type SampleContext } from './measured.ts';
import type { ProbeName } from './probes.ts';
import { type Schedule, sample } from './sampler.ts';

export interface Sampling {
  /** null: nothing is measured. */
  readonly schedule: Schedule | null;
  readonly probes: readonly ProbeName[];
  /** Also by pair of CPUs. */
  readonly matrix: boolean;
}

export interface ServeOptions extends Omit<ExporterOptions, 'measured' | 'running' | 'http'> {
  readonly addresses: readonly (ListenAddress | { readonly fd: number })[];
  readonly sampling: Sampling;
}

export interface Serving {
  /** `127.0.0.1:9884` */
  readonly addresses: readonly string[];
  /** Settles after the signal, when nothing is left. Rejects with bugs only. */
  readonly ended: Promise<void>;
}

/** Throws SystemError if an address cannot be had. */
export async function serveMetrics(
  open: () => System,
  options: ServeOptions,
  signal: AbortSignal,
): Promise<Serving> {
  const { sampling, port, trouble } = options;
  const { schedule, matrix } = sampling;
  const isRoot = process.geteuid?.() === 0;
  const probes = schedule !== null && isRoot ? sampling.probes : [];
  const measured = new Measured(probes, matrix, schedule !== null && !isRoot ? 'not-root' : 'off');
  const exporter: Exporter = new Exporter(open, {
    ...options,
    measured,
    running: true,
    http: () => server.counts,
  });
  const server: MetricsServer = new MetricsServer({
    collect: () => exporter.collect(),
    notReady: () => (exporter.reader.last === null ? 'the machine has not been read yet' : null),
  });
  const addresses: string[] = [];
  try {
    for (const each of options.addresses) addresses.push(await server.listen(each));
  } catch (error) {
    await server.close();
    throw error;
  }
  const isHere = isInOurNetns(open().files);
  const context = async (): Promise<SampleContext | null> => {
    const configuration = await exporter.reader.configuration();
    return configuration === null ? null : { ...exporter.contextOf(configuration), isHere };
  };
  const samplers =
    schedule === null
      ? []
      : probes.map((probe) => sample(probe, schedule, port, measured, context, signal, trouble));
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  }).then(() => server.close());
  return {
    addresses,
    ended: Promise.all([exporter.reader.configuration(), stopped, ...samplers]).then(() => {}),
  };
}
