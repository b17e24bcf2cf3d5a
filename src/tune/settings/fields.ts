/** The RSS hash fields of a flow type: `ethtool -N … rx-flow-hash`. */
import { setHashFields } from '../../system/ethtool-set.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting } from './setting.ts';

export const fields: Setting<Extract<Target, { readonly kind: 'fields' }>> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ kernel }, { nic, flow }) => (await kernel.ethtool(nic)).hashFields[flow],
  write: async ({ controls }, { nic, flow }, value) => {
    await setHashFields((request) => controls.ethtool(nic, request), flow, value);
  },
  wanted: asGiven,
  same: (a, b) => [...a].sort().join('') === [...b].sort().join(''),
};
