/** `locality-tune balance detach`: the only interface that has a balancer, or the one that is named. */
import { balancersOf, severalBalancers } from '../../balance/status.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { during } from '../errors.ts';
import { runXdpDetach, type XdpDetachOptions } from '../xdp/detach-run.ts';
import { NEEDS_ROOT } from '../xdp/needs-root.ts';

export type BalanceDetachOptions = Omit<XdpDetachOptions, 'iface'> & { readonly iface?: string };

export async function runBalanceDetach(options: BalanceDetachOptions): Promise<void> {
  requireRoot('balance detach', NEEDS_ROOT);
  const found = await during('balance detach', 'root', () =>
    balancersOf(openMachine().files, options.iface ?? null),
  );
  const [first, ...more] = found;
  if (first === undefined || more.length > 0) throw severalBalancers(found);
  await runXdpDetach({ ...options, iface: first.iface }, 'balance detach');
}
