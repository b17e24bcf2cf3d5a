/** The machine's interrupts by device and by name, built once, so that no NIC must search them all. */
import type { Interrupt, Interrupts } from './interrupts.ts';
import { type IrqName, parseIrqName } from './irq-names.ts';
import { pushTo } from './multimap.ts';
import { once } from './once.ts';

/** An interrupt and its action names, which are parsed when they are asked for: most interrupts are not those of NICs. */
export interface NamedInterrupt {
  readonly interrupt: Interrupt;
  readonly names: readonly (IrqName | null)[];
}

export interface IrqTable {
  readonly all: readonly NamedInterrupt[];
  readonly byNumber: ReadonlyMap<number, NamedInterrupt>;
  /** By PCI address. */
  readonly byDevice: ReadonlyMap<string, readonly NamedInterrupt[]>;
  /** With this owner in a name (`IrqName.owner`), or as a whole name if that has no known form: `eth0`, `virtio2`. */
  readonly ofOwner: (owner: string) => readonly NamedInterrupt[];
  readonly source: Interrupts['source'];
}

export function tabulate(interrupts: Interrupts): IrqTable {
  const all = interrupts.lines.map(toNamed);
  const byDevice = new Map<string, NamedInterrupt[]>();
  for (const entry of all) {
    const { device } = entry.interrupt;
    if (device) pushTo(byDevice, device, entry);
  }
  const byNumber = new Map(all.map((entry) => [entry.interrupt.irq, entry]));
  const byOwner = once(() => groupByOwner(all));
  return {
    all,
    byNumber,
    byDevice,
    ofOwner: (owner) => byOwner().get(owner) ?? [],
    source: interrupts.source,
  };
}

function toNamed(interrupt: Interrupt): NamedInterrupt {
  const names = once(() => interrupt.actions.map(parseIrqName));
  return {
    interrupt,
    get names() {
      return names();
    },
  };
}

function groupByOwner(all: readonly NamedInterrupt[]): ReadonlyMap<string, readonly NamedInterrupt[]> {
  const byOwner = new Map<string, NamedInterrupt[]>();
  for (const entry of all) for (const owner of ownersOf(entry)) pushTo(byOwner, owner, entry);
  return byOwner;
}

/** The owners in the names of an interrupt's actions, each once. */
function ownersOf({ interrupt, names }: NamedInterrupt): ReadonlySet<string> {
  return new Set(interrupt.actions.map((action, i) => names[i]?.owner ?? action));
}
