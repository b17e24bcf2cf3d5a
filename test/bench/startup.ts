/** What it takes until the program has answered, against an empty Node and against the tools that `inspect` replaces. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from './measure.ts';

/** The same questions, asked as people ask them today. */
function classicPipeline(): readonly string[] {
  const nics = readdirSync('/sys/class/net').filter((name) => name !== 'lo');
  const ethtool = nics.flatMap((nic) => ['-i', '-l', '-x', '-S'].map((flag) => `ethtool ${flag} ${nic}`));
  const files = [
    'cat /proc/interrupts /proc/irq/*/smp_affinity_list /proc/irq/*/effective_affinity_list',
    'cat /sys/class/net/*/queues/*/{rps_cpus,rps_flow_cnt,xps_cpus,xps_rxqs} /sys/devices/system/cpu/{online,isolated}',
    'cat /sys/devices/system/cpu/cpu*/topology/thread_siblings_list /proc/*/comm',
  ];
  return ['bash', '-c', `{ ${[...ethtool, 'ss -Htulnpe', ...files, 'true'].join('; ')}; } 2>/dev/null`];
}

/** @param entry the built program, which has a code cache for this Node */
export function startUpTable(entry: string, rounds: number): void {
  const node = process.execPath;
  const commands = {
    'empty node': [node, join(import.meta.dirname, 'empty.cjs')],
    '--version': [node, entry, '--version'],
    '--help': [node, entry, '--help'],
    'inspect --no-slots --json': [node, entry, 'inspect', '--no-slots', '--json'],
    'ethtool -i -l -x -S; ss -Htulnpe; cat': classicPipeline(),
  };
  const costs = measure(commands, rounds, { memory: false });
  const ms = (name: string) => costs[name]?.ms ?? Number.NaN;
  const [empty, pipeline] = [ms('empty node'), ms('ethtool -i -l -x -S; ss -Htulnpe; cat')];
  console.log('\nthis machine: from start to end, median wall time');
  console.table(
    Object.keys(commands).map((command) => ({
      command,
      ms: Math.round(ms(command)),
      'of an empty node': round(ms(command) / empty),
      'of the pipeline': round(ms(command) / pipeline),
    })),
  );
}

const round = (value: number) => Math.round(value * 100) / 100;
