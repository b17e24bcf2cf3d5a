import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCpuMask } from '../../src/host/cpus.ts';
import { compact } from '../../src/words/shell.ts';
import { found } from '../diagnose/view.ts';
import { host, nic, range } from '../fixtures/hosts.ts';

/** What the commands would do: each line goes to `echo` instead of to a program or into a file. */
function rehearse(commands: readonly string[]): string[] {
  const harmless = commands.map((command) =>
    command.replaceAll('> /', 'to /').replace(/\b(taskset|locality-tune)\b/g, 'echo $1'),
  );
  return execFileSync('/bin/sh', ['-euc', harmless.join('\n')], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

describe('compact', () => {
  it('leaves sixteen commands as they are', () => {
    const commands = range(16).map((n) => `echo ${n} > /proc/irq/${n + 50}/smp_affinity_list`);
    expect(compact(commands)).toEqual(commands);
  });

  it('writes loops that do the same, whatever the numbers', () => {
    const rows = fc.array(fc.tuple(fc.nat(511), fc.nat(5000), fc.boolean()), {
      minLength: 17,
      maxLength: 60,
    });
    fc.assert(
      fc.property(rows, (numbers) => {
        const commands = numbers.map(([cpu, id, irq]) =>
          irq ? `echo ${cpu} > /proc/irq/${id}/smp_affinity_list` : `taskset -cp ${cpu} ${id}`,
        );
        const short = compact(commands);
        expect(short.length).toBeLessThanOrEqual(2);
        expect(rehearse(short).sort()).toEqual(rehearse(commands).sort());
      }),
      { numRuns: 20 },
    );
  });

  it('keeps apart what differs in more than numbers, and numbers that never change', () => {
    const commands = [
      ...range(20).map((n) => `echo 0 > /sys/class/net/eth7/queues/rx-${n}/rps_cpus`),
      'true 5',
    ];
    expect(compact(commands)).toEqual([
      `for n in $(seq 0 19); do echo 0 > /sys/class/net/eth7/queues/rx-\${n}/rps_cpus; done`,
      'true 5',
    ]);
  });
});

describe('long fixes', () => {
  it('XPS of 512 queues is one loop that writes the masks itself', () => {
    const finding = found(
      'xps-not-on-irq-cpu',
      host({ cpus: 512, nics: [nic({ queues: 512, rss: range(512), more: { driver: 'ice' } })] }),
    );
    expect(finding?.fix).toHaveLength(1);
    expect(rehearse(finding?.fix ?? [])).toEqual(
      range(512).map((n) => `${formatCpuMask([n])} to /sys/class/net/eth0/queues/tx-${n}/xps_cpus`),
    );
  });

  it('irqbalance gets each ban, from a file that keeps what was in it', () => {
    const irqbalance = { running: true, bannedIrqs: [7] };
    const finding = found(
      'irqbalance-moves-irqs',
      host({ cpus: 64, nics: [nic({ queues: 40 })], irqbalance }),
    );
    const [edit = ''] = finding?.fix ?? [];
    const script = [
      't=$(mktemp)',
      `echo 'IRQBALANCE_ARGS="--journal"' > $t`,
      edit.replaceAll('/etc/default/irqbalance', '$t'),
      '. $t',
      'echo "$IRQBALANCE_ARGS"',
      'rm $t',
    ];
    const args = execFileSync('/bin/sh', ['-euc', script.join('\n')], { encoding: 'utf8' }).trim();
    expect(args).toBe(['--journal', '--banirq=7', ...range(40).map((n) => `--banirq=${32 + n}`)].join(' '));
  });
});
