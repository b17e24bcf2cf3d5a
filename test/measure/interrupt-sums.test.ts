import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumInterrupts } from '../../src/measure/interrupt-sums.ts';

const INTERRUPTS = `           CPU0       CPU1       CPU2
  8:          0          1          0  IO-APIC   8-edge      rtc0
 58:       1000         17          0  PCI-MSIX-0000:00:02.0   1-edge      eth0-TxRx-0
 59:          0 4294967295          5  GICv3  81920 Level     eth0-TxRx-1
NMI:          7          7          7   Non-maskable interrupts
`;

describe('sumInterrupts', () => {
  it('adds up all CPUs of the requested IRQs', () => {
    expect(sumInterrupts(INTERRUPTS, new Set([58, 59]))).toEqual(
      new Map([
        [58, 1017],
        [59, 4294967300],
      ]),
    );
  });

  it('is right for any table, and reads any text', () => {
    const table = fc.array(fc.array(fc.nat(), { minLength: 3, maxLength: 3 }), { maxLength: 9 });
    fc.assert(
      fc.property(table, (rows) => {
        const text = rows.map((counts, irq) => `${irq}: ${counts.join('   ')}  PCI-MSI 524${irq}-edge 1a\n`);
        const sums = sumInterrupts(`CPU0 CPU1 CPU2\n${text.join('')}`, new Set(rows.keys()));
        expect([...sums.values()]).toEqual(rows.map(([a = 0, b = 0, c = 0]) => a + b + c));
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void sumInterrupts(text, new Set([1]))));
  });
});
