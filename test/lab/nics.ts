/** What the emulated NICs can do, and their interrupts. */
import type { Guest } from './machine/guest.ts';
import type { Lab } from './machine/lab.ts';

/** virtio's driver has had a table since 5.18; vmxnet3's takes one, and packets do not follow it. */
export const hasTable = ({ hardware, kernel }: Lab): boolean =>
  hardware.nic === 'igb' || (hardware.nic === 'virtio' && kernel.name !== '5.10');

export const hasChannels = ({ hardware }: Lab): boolean => hardware.nic !== 'vmxnet3';

/**
 * Queue i to the i-th of `cpus`, in effect with its next interrupt. By the names `virtio3-input.0`, `virtio3-output.0`,
 * `eth0-TxRx-0`, `eth0-rxtx-0`; other virtio devices have some of these, too, and do not mind.
 */
export const placeInterrupts = (guest: Guest, cpus: readonly number[]): Promise<string> =>
  guest.run(
    cpus
      .map(
        (cpu, queue) =>
          `for irq in $(grep -E '[-.]${queue}$' /proc/interrupts | grep -E 'eth0-|(in|out)put' | cut -d: -f1)
do echo ${cpu} > /proc/irq/$irq/smp_affinity_list; done`,
      )
      .join('\n'),
  );
