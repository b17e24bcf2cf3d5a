/**
 * What runs on the way out of an interface: the filter that restores source ports, in its clsact qdisc. Loads as little as the
 * setting of XDP programs does.
 */
import { EGRESS, egressText } from '../../xdp/egress-text.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting } from './setting.ts';

export const tc: Setting<Extract<Target, { readonly kind: 'tc' }>> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ files }, { nic }) => {
    const { readEgress } = await import('../../xdp/egress.ts');
    const { ifindexOf } = await import('../../xdp/situation.ts');
    const ifindex = ifindexOf(files, nic);
    return ifindex === null ? null : egressText(await readEgress(ifindex));
  },
  write: async ({ files }, { nic }, value) => {
    const { setEgress } = await import('../../xdp/set-egress.ts');
    const { ifindexOf } = await import('../../xdp/situation.ts');
    const ifindex = ifindexOf(files, nic);
    if (ifindex !== null) await setEgress(nic, ifindex, value);
  },
  wanted: asGiven,
  // Others may use the qdisc by now, and then it stays.
  same: (a, b) => (a === EGRESS.restore) === (b === EGRESS.restore),
};
