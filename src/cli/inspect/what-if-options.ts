/** `--with` and related options: for commands that show a machine before and after a change. */
import type { Command } from 'commander';
import { usage } from '../errors.ts';

export interface WhatIfOptions {
  readonly with?: readonly string[];
  readonly withPlan?: true;
  readonly flows?: string;
  readonly pcap?: string;
}

/** Shown under a command's examples. */
export const WHAT_IF_HELP = `
CHANGE is channels=N, rss=equal [N], rss=weight W…, rss=default, irq=spread, irq=CPUS, xps=irq,
xps=off, rps=off, rps=CPUS, rfs=off, workers=N [CPUS] or program=NAME. Several changes are made one
after another. The machine itself does not change.`;

export function addWhatIf(command: Command): Command {
  return command
    .option('--with <change>', 'what if: show the machine before and after this change (repeatable)', append)
    .option('--with-plan', 'what if: add the changes that `apply` would make, after all --with')
    .option(
      '--flows <file>',
      'what if: use the flows in FILE, one per line: tcp SOURCE:PORT DESTINATION:PORT',
    )
    .option('--pcap <file>', 'what if: use the flows of a capture (- is stdin)');
}

/** A change may be made twice, with others in between. */
const append = (change: string, previous: readonly string[] = []): readonly string[] => [...previous, change];

/** In the order in which they are applied. */
export const changesIn = ({ with: changes = [], withPlan }: WhatIfOptions): readonly string[] =>
  withPlan ? [...changes, 'plan'] : changes;

export const asksWhatIf = (options: WhatIfOptions): boolean =>
  changesIn(options).length > 0 || options.flows !== undefined || options.pcap !== undefined;

/** Throws usage. Nothing slow is done before. */
export function refuseTwoLists({ flows, pcap }: WhatIfOptions): void {
  if (flows !== undefined && pcap !== undefined)
    throw usage('--flows, --pcap: only one is possible', 'omit the other');
}
