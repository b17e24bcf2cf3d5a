/** `locality-tune balance check` and `plan`: what a file would do. */
import { parseBalancer } from '../../balance/file.ts';
import { type BalanceOutlook, outlookOf, seeded } from '../../balance/outlook.ts';
import type { Balancer } from '../../balance/types.ts';
import { failure } from '../../system/errors.ts';
import { readWhole } from '../../system/read-whole.ts';
import { during } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';

export interface BalancePlanOptions extends Globals {
  readonly against?: string;
  readonly iface?: string;
}

/** 4,096 backends take less than 1 MB. */
const MOST_BYTES = 16 * 1024 * 1024;

export async function runBalanceCheck(file: string, options: Globals): Promise<void> {
  await print(outlookOf(seeded(await readBalancer(file)), null), options);
}

/** Against another file, or against what is attached here. */
export async function runBalancePlan(file: string, options: BalancePlanOptions): Promise<void> {
  const { against, iface } = options;
  const after = await readBalancer(file);
  if (against !== undefined) {
    const before = await readBalancer(against);
    return print(outlookOf(seeded(after), seeded(before)), options);
  }
  const [{ outlookHere }, { openMachine }] = await Promise.all([
    import('../../use-cases/balance.ts'),
    import('../../use-cases/machine.ts'),
  ]);
  const outlook = await during('balance plan', 'CAP_BPF, CAP_SYS_ADMIN and CAP_NET_ADMIN', () =>
    outlookHere(openMachine(), after, iface ?? null),
  );
  return print(outlook, options);
}

async function print(outlook: BalanceOutlook, options: Globals): Promise<void> {
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
