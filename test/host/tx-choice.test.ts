import { describe, expect, it } from 'vitest';
import { whyXpsIgnored } from '../../src/host/tx-choice.ts';

const why = (driver: string | null, ...lowerDevices: string[]) => whyXpsIgnored({ driver, lowerDevices });

describe('who chooses the TX queue', () => {
  it.each([null, 'ice', 'ixgbe', 'i40e', 'mlx4_en', 'mlx5_core', 'virtio_net', 'ena', 'igb', 'veth'])(
    '%s: the kernel, by XPS',
    (driver) => {
      expect(why(driver)).toBeNull();
    },
  );

  it.each(['mana', 'hv_netvsc', 'xen_netfront', 'vif', 'tun', 'bonding', 'team', 'mtk_soc_eth'])(
    '%s: the driver',
    (driver) => {
      expect(why(driver)).toMatch(`${driver} chooses the tx queue itself and ignores XPS`);
    },
  );

  it('hv_netvsc with a VF: the VF', () => {
    expect(why('hv_netvsc', 'enP1s0')).toBe(
      'hv_netvsc hands its packets to enP1s0, which chooses the tx queue; XPS of hv_netvsc has no effect',
    );
    expect(why('mlx5_core', 'enP1s0')).toBeNull();
  });
});
