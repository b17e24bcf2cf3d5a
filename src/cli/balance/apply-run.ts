/** `locality-tune balance apply`: attaches what a file describes, or changes what is attached. */
import { planBalance } from '../../use-cases/balance.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { requireAnswer } from '../confirm.ts';
import { during } from '../errors.ts';
import { checkKeep } from '../xdp/keep.ts';
import { NEEDS_ROOT } from '../xdp/needs-root.ts';
import { type ChangeOptions, carryOut } from './change-run.ts';
import { readBalancer } from './plan-run.ts';

export interface BalanceApplyOptions extends ChangeOptions {
  readonly iface: string;
  readonly mode: 'native' | 'generic';
  readonly force?: true;
}

export async function runBalanceApply(path: string, options: BalanceApplyOptions): Promise<void> {
  const { iface, mode } = options;
  const file = await readBalancer(path);
  requireRoot('balance apply', NEEDS_ROOT);
  checkKeep(options);
  const machine = openMachine();
  const planned = await during('balance apply', 'root', () =>
    planBalance(machine, file, { iface, mode, force: options.force === true }),
  );
  if (!options.dryRun) requireAnswer('balance apply', options.yes === true);
  const intent = {
    schema: 'locality-tune.balance-apply/1' as const,
    iface,
    question: `Balance these addresses on ${iface}?`,
    done: `${iface} balances what ${path} describes`,
  };
  await carryOut(machine, planned, intent, options);
}
