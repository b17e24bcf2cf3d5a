/** `locality-tune metrics`: prints the metrics once. */
import { Exporter } from '../../export/exporter.ts';
import { Measured } from '../../export/measured.ts';
import { textOf } from '../../export/text.ts';
import { replaceFile } from '../../system/save.ts';
import { during, usage } from '../errors.ts';
import { print } from '../output.ts';
import type { MetricsCommandOptions } from './export-options.ts';
import { meteredOptions, openMetered, watchersHere } from './machine.ts';

/** node_exporter runs as a user of its own. */
const FOR_ALL = 0o644;

export async function runMetrics(options: MetricsCommandOptions): Promise<void> {
  const { textfile, openmetrics } = options;
  if (options.json || options.pretty)
    throw usage('metrics prints Prometheus text, not JSON', 'see `locality-tune inspect -j`');
  if (textfile !== undefined && openmetrics)
    throw usage('--openmetrics: the textfile collector does not read it', 'omit one of them');
  const exporter = new Exporter(openMetered(options), {
    ...meteredOptions(options),
    measured: new Measured([], false, 'off'),
    running: false,
    watching: watchersHere,
    http: () => null,
  });
  const text = textOf(await exporter.collect(), openmetrics ? 'openmetrics' : 'prometheus');
  if (textfile === undefined) return print(text);
  await during(`--textfile ${textfile}`, 'write access to its folder', () =>
    replaceFile(textfile, text, FOR_ALL),
  );
}
