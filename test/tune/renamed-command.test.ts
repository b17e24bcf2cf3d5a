import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renamedCommand } from '../../src/tune/renamed-command.ts';
import { queueFile, word, write } from '../../src/words/shell.ts';

describe('the command of a change', () => {
  it.each([
    ['ethtool -L eth0 combined 4', 'ethtool -L lan combined 4'],
    ['echo 1 > /sys/class/net/eth0/queues/tx-0/xps_cpus', 'echo 1 > /sys/class/net/lan/queues/tx-0/xps_cpus'],
    [
      'locality-tune xdp spread --iface eth0 --port 1 --yes',
      'locality-tune xdp spread --iface lan --port 1 --yes',
    ],
    // Others keep their names: an interface whose name begins alike, an interrupt, an argument.
    ['echo 1 > /sys/class/net/eth01/queues/tx-0/xps_cpus', null],
    [`grep -l "eth0-TxRx-0" /proc/irq/*/name`, null],
    ['ethtool -K combined eth0 off', null],
  ])('names the interface as it is called now: %s', (command, renamed) => {
    expect(renamedCommand(command, 'eth0', 'lan')).toBe(renamed ?? command);
  });

  it('is that of a plan for the new name, whatever the names are', () => {
    // dev_valid_name() of net/core/dev.c: no slash, colon or white space.
    const name = fc.stringMatching(/^[!-.0-9;-~]{1,15}$/);
    const commands = (nic: string) => [
      `ethtool -L ${word(nic)} combined 4`,
      `ethtool -K ${word(nic)} rx-gro-hw off`,
      `locality-tune xdp sport --iface ${word(nic)} --port 4000 --restore --yes`,
      write('f', queueFile(nic, 'rx-1', 'rps_cpus')),
    ];
    fc.assert(
      fc.property(name, name, (from, to) => {
        expect(commands(from).map((each) => renamedCommand(each, from, to))).toEqual(commands(to));
      }),
      { seed: 5 },
    );
  });

  it('is any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(renamedCommand(text, 'eth0', 'eth0')).toBe(text);
      }),
      { seed: 5 },
    );
  });
});
