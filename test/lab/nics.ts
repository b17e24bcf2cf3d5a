/** What the emulated NICs can do. */
import type { Lab } from './machine/lab.ts';

/** virtio's driver has had a table since 5.18; vmxnet3's takes one, and packets do not follow it. */
export const hasTable = ({ hardware, kernel }: Lab): boolean =>
  hardware.nic === 'igb' || (hardware.nic === 'virtio' && kernel.name !== '5.10');

export const hasChannels = ({ hardware }: Lab): boolean => hardware.nic !== 'vmxnet3';
