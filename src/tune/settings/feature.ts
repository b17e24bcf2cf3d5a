/** A feature of an interface, `on` or `off`: `ethtool -K`. */
import { readFeatures, setFeature } from '../../system/ethtool-features.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { asGiven, type Setting, sameText } from './setting.ts';

export const feature: Setting<Extract<Target, { readonly kind: 'feature' }>> = {
  find: async ({ files }, target) => {
    requireInterface(files, target.nic);
    return target;
  },
  read: async ({ controls }, { nic, feature }) => {
    const found = (await readFeatures((request) => controls.ethtool(nic, request))).get(feature);
    return found === undefined ? null : found.on ? 'on' : 'off';
  },
  write: async ({ controls }, { nic, feature }, value) =>
    setFeature((request) => controls.ethtool(nic, request), feature, value === 'on'),
  wanted: asGiven,
  same: sameText,
};
