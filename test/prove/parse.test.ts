/** The kernel's text files that `prove` counts with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accountsIrqTime,
  parseIdle,
  parseIpis,
  parseNumber,
  parseSchedstat,
  parseSnmp,
  parseSnmp6,
} from '../../src/prove/parse.ts';

describe('a thread', () => {
  it('has run, has waited, and was put on a CPU', () => {
    expect(parseSchedstat('1203340 55 17\n')).toEqual({ cpu: 1_203_340, wait: 55, runs: 17 });
    expect(parseSchedstat('')).toBeNull();
  });
});

describe('idle CPUs', () => {
  it('are summed without the line of all CPUs', () => {
    const text =
      'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 0 2 300 10 0 4 7 0 0\ncpu1 1 0 2 200 20 0 4 3 0 0\nintr 5 6\n';
    expect(parseIdle(text)).toEqual({ cpus: 2, idle: 530, steal: 10 });
    expect(parseIdle('intr 5\n')).toBeNull();
  });
});

describe('inter-processor interrupts', () => {
  it('are rows with a name on x86', () => {
    const text = [
      '            CPU0       CPU1',
      ' 24:        900        900   PCI-MSI 1-edge  virtio0',
      'LOC:     111111     222222   Local timer interrupts',
      'RES:         10         20   Rescheduling interrupts',
      'CAL:          3          4   Function call interrupts',
      'TLB:          9          9   TLB shootdowns',
    ].join('\n');
    expect(parseIpis(text)).toBe(37);
  });

  it('are numbered on arm64, and the text tells them', () => {
    const text = [
      '            CPU0       CPU1',
      'IPI0:         5          6       Rescheduling interrupts',
      'IPI1:         7          8       Function call interrupts',
      'IPI2:       900        900       CPU stop interrupts',
    ].join('\n');
    expect(parseIpis(text)).toBe(26);
  });

  it('are not known without their rows', () => {
    expect(parseIpis('           CPU0\n 24:  900   PCI-MSI 1-edge  virtio0\n')).toBeNull();
  });
});

describe('counters of protocols', () => {
  const snmp = 'Tcp: RtoMin ActiveOpens PassiveOpens\nTcp: 200 5 902455\nUdp: InDatagrams\nUdp: 77\n';

  it('are found by their names', () => {
    expect(parseSnmp(snmp, 'Tcp', 'PassiveOpens')).toBe(902_455);
    expect(parseSnmp(snmp, 'Udp', 'InDatagrams')).toBe(77);
    expect(parseSnmp(snmp, 'Udp', 'PassiveOpens')).toBeNull();
    expect(parseSnmp6('Ip6InReceives 4\nUdp6InDatagrams                 \t12\n', 'Udp6InDatagrams')).toBe(12);
    expect(parseSnmp6('', 'Udp6InDatagrams')).toBeNull();
  });
});

describe('the time of interrupts', () => {
  it('is accounted for by a kernel that has the function', () => {
    const lines = 'ffffffff810b2f40 T account_user_time\n';
    expect(accountsIrqTime(`${lines}ffffffff810b3000 T irqtime_account_irq\n`)).toBe(true);
    expect(accountsIrqTime(lines)).toBe(false);
    expect(accountsIrqTime('')).toBeNull();
  });
});

describe('a number of the user', () => {
  it('is a decimal with nothing around it', () => {
    expect(['12.5\n', ' -3 ', '.5', '1e-3', '2.'].map(parseNumber)).toEqual([12.5, -3, 0.5, 0.001, 2]);
    expect(['', '12 ms', '0x10', '1 2', 'NaN', '1e999', '-'].map(parseNumber)).toEqual(Array(7).fill(null));
  });
});

describe('any text', () => {
  it('is a count or not known, never an error', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.nat(), (noise, at) => {
        const text = `RES: 1 2\nTcp: A B\nTcp: 1 2\ncpu0 1 2 3 4 5 6 7 8\n${noise}`;
        const cut = text.slice(0, at % text.length) + noise;
        for (const value of [
          parseNumber(noise),
          parseIpis(cut),
          parseSnmp(cut, 'Tcp', 'B'),
          parseSnmp6(cut, 'A'),
        ])
          expect(value === null || Number.isFinite(value)).toBe(true);
        for (const each of [parseIdle(cut), parseSchedstat(cut)])
          expect(each === null || Object.values(each).every(Number.isFinite)).toBe(true);
      }),
      { seed: 20, numRuns: 300 },
    ));
});
