import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInterrupts, readInterrupts } from '../../src/host/interrupts.ts';
import { openFiles } from '../../src/system/files.ts';

const one = (description: string) =>
  parseInterrupts(`            CPU0       CPU1\n 24:          1          0 ${description}\n`).lines[0];

describe('/proc/interrupts', () => {
  it('takes CPU numbers from the header, whatever is offline', () => {
    const text =
      '     CPU0 CPU2 CPU191\n 7: 1 0 9007199254740993 IO-APIC 7-edge\nNMI: 1 2 3 Non-maskable\nERR: 0\n';
    const { cpus, lines } = parseInterrupts(text);
    expect(cpus).toEqual([0, 2, 191]);
    expect(lines).toMatchObject([{ irq: 7, counts: [1, 0, 9007199254740992], actions: [] }]);
  });

  // chip column, hwirq, PCI device, vector, actions
  it.each([
    ['PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0', '1', '0000:00:02.0', 1, ['virtio1-req.0']],
    ['IR-PCI-MSIX-10000:5e:00.1   12-edge      eth2', '12', '10000:5e:00.1', 12, ['eth2']],
    [
      'ITS-PCI-MSIX-0000:00:05.0   0 Edge      ena-mgmnt@pci:0000:00:05.0',
      '0',
      '0000:00:05.0',
      0,
      ['ena-mgmnt@pci:0000:00:05.0'],
    ],
    ['PCI-MSI 98305-edge      virtio2-input.0', '98305', '0000:00:06.0', 1, ['virtio2-input.0']],
    ['IR-PCI-MSI 409600-edge      eth0', '409600', '0000:00:19.0', 0, ['eth0']],
    ['ITS-MSI 81920 Edge      eth0-Tx-Rx-0', '81920', '0000:00:05.0', 0, ['eth0-Tx-Rx-0']],
    [
      'Hyper-V PCIe MSI 7906363736065-edge      mlx5_comp0@pci:e61b:00:02.0',
      '7906363736065',
      'e61b:00:02.0',
      1,
      ['mlx5_comp0@pci:e61b:00:02.0'],
    ],
    ['PCI-MSI 576460752303423487-edge      far', '576460752303423487', 'ffffffff:ff:1f.7', 2047, ['far']],
    [
      'IO-APIC   16-fasteoi   ehci_hcd:usb1, snd_hda_intel',
      '16',
      null,
      null,
      ['ehci_hcd:usb1', 'snd_hda_intel'],
    ],
    ['GICv3  27 Level     arch_timer', '27', null, null, ['arch_timer']],
    ['DMAR-MSI   0-edge      dmar0', '0', null, null, ['dmar0']],
    ['xen-dyn    -event     eth0-q0-tx', null, null, null, ['eth0-q0-tx']],
    ['PCI-MSI-edge      eth0-TxRx-0', null, null, null, ['eth0-TxRx-0']],
    ['PCI-MSI 524290-edge      eth0 (queue 2)', '524290', '0000:01:00.0', 2, ['eth0 (queue 2)']],
    ['SiFive PLIC  10  virtio0', '10', null, null, ['virtio0']],
    ['IO-APIC   2-edge    ', '2', null, null, []],
    ['', null, null, null, []],
  ])('reads %j', (description, hwirq, device, vector, actions) => {
    expect(one(description)).toMatchObject({ irq: 24, counts: [1, 0], hwirq, device, vector, actions });
  });

  it('leaves out lines that are cut', () => {
    expect(parseInterrupts(' CPU0 CPU1\n 24: 1\n 25: 1 2-edge\n 26 1 2\n').lines).toEqual([]);
  });

  it('accepts actions after one space, as in text copied from a forum', () => {
    expect(one('PCI-MSI 524290-edge eth0 (queue 2)')).toMatchObject({ actions: ['eth0 (queue 2)'] });
  });

  describe('without the header', () => {
    const text = [
      ' 56:  271490338   0   0  PCI-MSI 5767168-edge      ens192-rxtx-0',
      '57: 0 271480339 7 PCI-MSI 5767169-edge ens192-rxtx-1',
      ' NMI:  1  2  3  Non-maskable interrupts',
      '',
    ].join('\n');

    it('numbers the columns', () => {
      const { cpus, unnamed, lines } = parseInterrupts(text);
      expect([cpus, unnamed]).toEqual([[0, 1, 2], true]);
      expect(lines).toMatchObject([
        { irq: 56, counts: [271490338, 0, 0], device: '0000:0b:00.0', actions: ['ens192-rxtx-0'] },
        { irq: 57, counts: [0, 271480339, 7], vector: 1, actions: ['ens192-rxtx-1'] },
      ]);
    });

    it('reads nothing from text that is not a table', () => {
      expect(parseInterrupts('12: hello\n7 8 9\n')).toEqual({ cpus: [], lines: [], source: 'interrupts' });
    });
  });

  it('never throws', () => {
    const header = fc.constantFrom('', '  CPU0 CPU3\n');
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(' 9:', ' 1', ' 2', '\n', ' PCI-MSI', ' 4096-edge', '  eth0-rx-0'),
    );
    fc.assert(
      fc.property(header, fc.array(piece), (top, pieces) => {
        const { cpus, lines } = parseInterrupts(top + pieces.join(''));
        for (const { irq, counts } of lines) {
          expect([irq, ...counts].every((number) => number >= 0)).toBe(true);
          expect(counts).toHaveLength(cpus.length);
        }
      }),
    );
  });

  it('agrees with the kernel about this machine', () => {
    const { cpus, lines, source } = readInterrupts(openFiles('/'));
    expect(source).toBe('interrupts');
    expect(cpus).toContain(0);
    for (const { irq, counts, actions } of lines) {
      expect(counts).toHaveLength(cpus.length);
      const named = openFiles('/').list(`/proc/irq/${irq}`);
      for (const action of actions) if (!action.includes('/')) expect(named).toContain(action);
    }
  });
});
