/** The XDP program of an interface. The value is a spread or a balancer as text, `none`, or another program. */
import { programText, setProgram } from '../../balance/program.ts';
import type { Files } from '../../system/types.ts';
import { ifindexOf, possibleCpus } from '../../xdp/situation.ts';
import { xdpState } from '../../xdp/state.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting, sameText } from './setting.ts';

type XdpTarget = Extract<Target, { readonly kind: 'xdp' }>;

export const xdp: Setting<XdpTarget> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ files }, target) => {
    const state = await stateOf(files, target);
    return state === null ? null : programText(state, possibleCpus(files));
  },
  write: async (access, target, value) => {
    const state = await stateOf(access.files, target);
    try {
      if (state !== null) await setProgram(state, value, possibleCpus(access.files));
    } finally {
      access.forget(target.nic);
    }
  },
  wanted: asGiven,
  same: sameText,
};

async function stateOf(files: Files, { nic }: XdpTarget) {
  const ifindex = ifindexOf(files, nic);
  return ifindex === null ? null : xdpState(ifindex);
}
