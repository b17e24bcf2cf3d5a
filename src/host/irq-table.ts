/** The machine's interrupts by device and by name, built once, so that no NIC must search them all. */
import type { Interrupt, Interrupts } from './interrupts.ts';
import { type IrqName, parseIrqName } from './irq-names.ts';
import { pushTo } from './multimap.ts';

/** An interrupt and its parsed action names. */
export interface NamedInterrupt {
  readonly interrupt: Interrupt;
  readonly names: readonly (IrqName | null)[];
}

export interface IrqTable {
  readonly all: readonly NamedInterrupt[];
  readonly byNumber: ReadonlyMap<number, NamedInterrupt>;
  /** By PCI address. */
  readonly byDevice: ReadonlyMap<string, readonly NamedInterrupt[]>;
  /** By the owner in the name (`IrqName.owner`), or by the whole name if it has no known form: `eth0`, `virtio2`. */
  readonly byOwner: ReadonlyMap<string, readonly NamedInterrupt[]>;
  readonly source: Interrupts['source'];
}

export function tabulate(interrupts: Interrupts): IrqTable {
  const all = interrupts.lines.map((interrupt) => ({
    interrupt,
    names: interrupt.actions.map(parseIrqName),
  }));
  const byDevice = new Map<string, NamedInterrupt[]>();
  const byOwner = new Map<string, NamedInterrupt[]>();
  for (const entry of all) {
    const { device } = entry.interrupt;
    if (device) pushTo(byDevice, device, entry);
    for (const owner of ownersOf(entry)) pushTo(byOwner, owner, entry);
  }
  const byNumber = new Map(all.map((entry) => [entry.interrupt.irq, entry]));
  return { all, byNumber, byDevice, byOwner, source: interrupts.source };
}

/** The owners in the names of an interrupt's actions, each once. */
export function ownersOf({ interrupt, names }: NamedInterrupt): ReadonlySet<string> {
  return new Set(interrupt.actions.map((action, i) => names[i]?.owner ?? action));
}
