/** What runs on the way out of an interface: the filter that restores source ports, in its clsact qdisc. */
import { EGRESS, egressText, readEgress } from '../../xdp/egress.ts';
import { setEgress } from '../../xdp/set-egress.ts';
import { ifindexOf } from '../../xdp/situation.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting } from './setting.ts';

export const tc: Setting<Extract<Target, { readonly kind: 'tc' }>> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ files }, { nic }) => {
    const ifindex = ifindexOf(files, nic);
    return ifindex === null ? null : egressText(await readEgress(ifindex));
  },
  write: async ({ files }, { nic }, value) => {
    const ifindex = ifindexOf(files, nic);
    if (ifindex !== null) await setEgress(nic, ifindex, value);
  },
  wanted: asGiven,
  // Others may use the qdisc by now, and then it stays.
  same: (a, b) => (a === EGRESS.restore) === (b === EGRESS.restore),
};
