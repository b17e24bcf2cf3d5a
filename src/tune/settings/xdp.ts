/**
 * The XDP program of an interface. The value is a spread or a balancer as text, `none`, or another program. The programs
 * themselves are loaded only if there is such a setting: a watcher keeps all kinds in memory for months.
 */
import type { Files } from '../../system/types.ts';
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
    const { programText } = await import('../../balance/program.ts');
    const { state, possible } = await attachedTo(files, target);
    return state === null ? null : programText(state, possible);
  },
  write: async (access, target, value) => {
    const { refuseLosses, setProgram } = await import('../../balance/program.ts');
    const { readSituation } = await import('../../xdp/situation.ts');
    const situation = await readSituation(access, target.nic);
    if (situation === null) return;
    refuseLosses(value, situation);
    try {
      await setProgram(situation.state, value, situation.possible);
    } finally {
      access.forget(target.nic);
    }
  },
  wanted: asGiven,
  same: sameText,
};

async function attachedTo(files: Files, { nic }: XdpTarget) {
  const { ifindexOf, possibleCpus } = await import('../../xdp/situation.ts');
  const { xdpState } = await import('../../xdp/state.ts');
  const ifindex = ifindexOf(files, nic);
  return { state: ifindex === null ? null : await xdpState(ifindex), possible: possibleCpus(files) };
}
