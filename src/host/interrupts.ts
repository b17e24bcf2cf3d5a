/** /proc/interrupts (kernel/irq/proc.c, show_interrupts). */
import type { Files } from '../system/types.ts';
import type { Cpus } from './cpus.ts';
import { readCpuList } from './values.ts';

export interface Interrupt {
  readonly irq: number;
  /** Interrupts since boot, in the order of `Interrupts.cpus`; empty if not readable. */
  readonly counts: readonly number[];
  /** The interrupt controller's name: `PCI-MSIX-0000:00:02.0`, `ITS-MSI`, `IO-APIC`. */
  readonly chip: string;
  /** The controller's own number, as text: it may be wider than 53 bits. */
  readonly hwirq: string | null;
  /** PCI address `dddd:bb:dd.f` of the device that raises it. */
  readonly device: string | null;
  /** MSI vector of that device. */
  readonly vector: number | null;
  /** Names given to request_irq; several if the line is shared, none if there is no handler. */
  readonly actions: readonly string[];
}

export interface Interrupts {
  /** The CPUs of the header: only online ones, so numbers may be missing in between. */
  readonly cpus: Cpus;
  /** The header is missing (`grep eth0 /proc/interrupts`): then `cpus` are the online ones, or the column positions. */
  readonly unnamed?: true;
  readonly lines: readonly Interrupt[];
  /** `/proc/irq` if /proc/interrupts is hidden (containers): then there are no counts. */
  readonly source: 'interrupts' | '/proc/irq';
}

/** Reads the machine's interrupts, or their names in /proc/irq if /proc/interrupts is hidden. */
export function readInterrupts(files: Files): Interrupts {
  const text = files.text('/proc/interrupts');
  const parsed = text === null ? null : withNames(files, parseInterrupts(text));
  if (parsed && parsed.lines.length > 0) return parsed;
  const lines = files
    .list('/proc/irq')
    .filter(isNumber)
    .map((number) => ({
      irq: Number(number),
      counts: [],
      chip: '',
      hwirq: null,
      device: null,
      vector: null,
      // The other entries of that directory are files; only the name of an action is a directory, an empty one.
      actions: files.list(`/proc/irq/${number}`).filter((name) => !attributes.has(name)),
    }));
  return { cpus: parsed?.cpus ?? [], lines, source: lines.length > 0 ? '/proc/irq' : 'interrupts' };
}

/** Columns without a header belong to the online CPUs, if the numbers match. */
function withNames(files: Files, interrupts: Interrupts): Interrupts {
  if (!interrupts.unnamed) return interrupts;
  const online = readCpuList(files, '/sys/devices/system/cpu/online');
  return online?.length === interrupts.cpus.length ? { ...interrupts, cpus: online } : interrupts;
}

/** kernel/irq/proc.c, register_irq_proc. */
const attributes = new Set([
  'smp_affinity',
  'smp_affinity_list',
  'affinity_hint',
  'effective_affinity',
  'effective_affinity_list',
  'node',
  'spurious',
]);

const isNumber = (name: string): boolean => /^\d+$/.test(name);

/** Never throws: cut lines and named lines (NMI, LOC) are skipped. */
export function parseInterrupts(text: string): Interrupts {
  const header = lineEnd(text, 0);
  const named = [...text.slice(0, header).matchAll(/\bCPU(\d+)\b/g)].map((match) => Number(match[1]));
  const columns = named.length > 0 ? named.length : countColumns(text);
  const lines: Interrupt[] = [];
  for (
    let start = named.length > 0 ? header + 1 : 0, end = 0;
    columns > 0 && start < text.length;
    start = end + 1
  ) {
    end = lineEnd(text, start);
    const line = parseLine(text, start, end, columns);
    if (line) lines.push(line);
  }
  if (named.length > 0 || lines.length === 0) return { cpus: named, lines, source: 'interrupts' };
  return { cpus: [...Array(columns).keys()], unnamed: true, lines, source: 'interrupts' };
}

/** `24: 1 0 PCI-MSI …`: numbers up to the interrupt controller's name. */
const counted = /^ *\d+:((?: +\d+)+) +[A-Za-z]/;

/**
 * The smallest count of numbers in any line: a controller's name may begin with a number, but no line has fewer
 * columns. 0: no line.
 */
function countColumns(text: string): number {
  let columns = 0;
  for (const line of text.split('\n')) {
    const count = counted.exec(line)?.[1]?.trim().split(/ +/).length ?? 0;
    if (count > 0 && (columns === 0 || count < columns)) columns = count;
  }
  return columns;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

const space = 32;
const zero = 48;
const colon = 58;

// Scans characters, because 512 CPUs times 1,200 IRQs are 600,000 numbers; splitting them into strings would cost ten
// times as much.
function parseLine(text: string, start: number, end: number, columns: number): Interrupt | null {
  let at = start;
  const number = (): number => {
    while (at < end && text.charCodeAt(at) === space) at++;
    const first = at;
    let value = 0;
    for (; at < end; at++) {
      const digit = text.charCodeAt(at) - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return at === first ? -1 : value;
  };
  const irq = number();
  if (irq < 0 || text.charCodeAt(at++) !== colon) return null;
  const counts = new Array<number>(columns).fill(0);
  for (let column = 0; column < columns; column++) {
    const count = number();
    if (count < 0 || (at < end && text.charCodeAt(at) !== space)) return null;
    counts[column] = count;
  }
  return { irq, counts, ...parseDescription(text.slice(at, end)) };
}

/**
 * chip, hwirq, flow, actions. The flow follows the hwirq after a dash on x86 (`1-edge`), after a space if
 * CONFIG_GENERIC_IRQ_SHOW_LEVEL is set (`81920 Edge`), and alone on Xen (`-event`).
 */
const withFlow = /^(.*?\S)\s+(?:(\d{1,20})?-[a-z][\w-]*|(\d{1,20})\s+(?:Edge|Level))(?:\s+(.*))?$/;
/** chip that contains the flow, before irq domains (`PCI-MSI-edge`), or chip and hwirq without a flow. */
const withoutFlow = /^(\S+(?: \S+)*?)(?:\s+(\d{1,20}))?\s{2,}(\D.*)$/;

function parseDescription(text: string): Omit<Interrupt, 'irq' | 'counts'> {
  const trimmed = text.trim();
  const flow = withFlow.exec(trimmed);
  const plain = flow ? null : withoutFlow.exec(trimmed);
  const chip = flow?.[1] ?? plain?.[1] ?? trimmed;
  const hwirq = flow?.[2] ?? flow?.[3] ?? plain?.[2] ?? null;
  const actions = flow ? flow[4] : plain?.[3];
  return { chip, hwirq, ...msiDevice(chip, hwirq), actions: actions ? actions.split(/,\s*/) : [] };
}

const chipOfDevice = /(?:^|-)([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/;
const chipOfMsi = /(?:PCI-MSIX?|PCIe MSI|ITS-MSI)$/;

/**
 * The PCI device that raises an MSI. Since 6.10 every device has its own interrupt domain, named after it, whose hwirq
 * is the vector. Before, the hwirq of the single domain contains everything (drivers/pci/msi/irqdomain.c,
 * pci_msi_domain_calc_hwirq): vector, then bus and devfn from bit 11, then the PCI domain from bit 27.
 */
function msiDevice(chip: string, hwirq: string | null): Pick<Interrupt, 'device' | 'vector'> {
  const own = chipOfDevice.exec(chip)?.[1];
  if (own) return { device: own, vector: hwirq === null ? null : Number(hwirq) };
  if (hwirq === null || !chipOfMsi.test(chip)) return { device: null, vector: null };
  const bits = BigInt(hwirq);
  const address = Number((bits >> 11n) & 0xffffn);
  const hex = (value: bigint | number, width: number): string => value.toString(16).padStart(width, '0');
  const slot = `${hex(address >> 8, 2)}:${hex((address >> 3) & 0x1f, 2)}.${address & 7}`;
  return { device: `${hex((bits >> 27n) & 0xffffffffn, 4)}:${slot}`, vector: Number(bits & 0x7ffn) };
}
