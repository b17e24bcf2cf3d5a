/** The number of queues of a NIC: `ethtool -L`. */
import { setChannels } from '../../system/ethtool-set.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting, sameText } from './setting.ts';

export type ChannelsTarget = Extract<Target, { readonly kind: 'channels' }>;

export const channels: Setting<ChannelsTarget> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ kernel }, { nic, which }) => {
    const { channels } = await kernel.ethtool(nic);
    return channels === null ? null : String(channels.current[which]);
  },
  write: async (access, { nic, which }, value) => {
    try {
      await setChannels((request) => access.controls.ethtool(nic, request), which, Number(value));
    } finally {
      access.forget(nic);
    }
  },
  wanted: asGiven,
  same: sameText,
};
