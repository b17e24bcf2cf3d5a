/** `locality-tune balance remove`: takes a backend out of the balancers that are attached. */

import { balancersOf, severalBalancers } from '../../balance/status.ts';
import { canonicalAddress } from '../../system/address.ts';
import { planRemoval } from '../../use-cases/balance.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { requireAnswer } from '../confirm.ts';
import { during, usage } from '../errors.ts';
import { NEEDS_ROOT } from '../xdp/needs-root.ts';
import { type ChangeOptions, carryOut } from './change-run.ts';

export interface BalanceRemoveOptions extends ChangeOptions {
  readonly iface?: string;
}

export async function runBalanceRemove(text: string, options: BalanceRemoveOptions): Promise<void> {
  const backend = canonicalAddress(text);
  if (backend === null) throw usage(`'${text}' is not the address of a backend`);
  requireRoot('balance remove', NEEDS_ROOT);
  const machine = openMachine();
  const iface = options.iface ?? null;
  const removals = await during('balance remove', 'root', async () => {
    const found = await planRemoval(machine, backend, iface);
    if (iface === null && found.length > 1) await oneOnly(machine);
    return found;
  });
  if (!options.dryRun) requireAnswer('balance remove', options.yes === true);
  for (const { iface: name, ...planned } of removals)
    await carryOut(
      machine,
      planned,
      {
        schema: 'locality-tune.balance-remove/1',
        iface: name,
        question: `Remove ${backend} from ${name}?`,
        done: `${name} sends nothing to ${backend} now`,
      },
      options,
    );
}

/** With several, one would be changed without the others if the first fails. */
async function oneOnly(machine: ReturnType<typeof openMachine>): Promise<never> {
  throw severalBalancers(await balancersOf(machine.files, null));
}
