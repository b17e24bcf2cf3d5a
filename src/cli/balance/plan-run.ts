/** `locality-tune balance check` and `plan`: what a file would do. */
import { parseBalancer } from '../../balance/file.ts';
import { outlookOf } from '../../balance/outlook.ts';
import type { Balancer } from '../../balance/types.ts';
import { failure } from '../../system/errors.ts';
import { readWhole } from '../../system/read-whole.ts';
import { during } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';

export interface BalancePlanOptions extends Globals {
  readonly against?: string;
}

/** 4,096 backends take less than 1 MB. */
const MOST_BYTES = 16 * 1024 * 1024;

export async function runBalancePlan(file: string, options: BalancePlanOptions): Promise<void> {
  const { against } = options;
  const after = await readBalancer(file);
  const before = against === undefined ? null : await readBalancer(against);
  const outlook = outlookOf(after, before);
  if (options.json || options.pretty) {
    printDocument({ schema: 'locality-tune.balance-plan/1', ...outlook }, options);
    return;
  }
  const { balanceLines } = await import('../../report/balance.ts');
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(balanceLines(outlook, style), style);
}

/** Throws CliError. */
export const readBalancer = (file: string): Promise<Balancer> =>
  during(file, 'read access to the file', () =>
    parseBalancer(
      readWhole(file, MOST_BYTES, () =>
        failure('too-large', 'larger than 16 MiB', 'a balancer is never that large; name another file'),
      ).toString(),
    ),
  );
