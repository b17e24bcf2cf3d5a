/**
 * Realtek's own drivers (r8125, r8126, r8127) number their IRQs by vector, `eth0-N`, not by queue. RX queue i is on
 * vector i; the vector of TX depends on the chip (rtl8125_setup_interrupt_mask and its ISR versions).
 */
import type { Claim, Claims, IrqQuestion, NamedVector } from './irq-claims.ts';

interface Layout {
  readonly chip: string;
  /** Vector of each TX queue. */
  readonly tx: readonly number[];
  /** Vectors of the link and others. */
  readonly others: readonly number[];
}

const RTL8125B: Layout = { chip: 'RTL8125B', tx: [16, 18], others: [21] };
const LAYOUTS: readonly Layout[] = [
  RTL8125B,
  { chip: 'RTL8125BP', tx: [16, 17], others: [20, 21, 29, 30, 31] },
  { chip: 'RTL8125D', tx: [27, 28], others: [20, 21, 29, 30, 31] },
  { chip: 'RTL8126', tx: [0, 1, 2, 3, 4, 5, 6, 7], others: [29, 30, 31] },
];
const MAX_RX_QUEUES = 4;

export const isRealtek = (driver: string | null): boolean => driver !== null && /^r812\d$/.test(driver);

/** `vectors` by number. The vectors with interrupts reveal the chip; TX is not known if they fit several chips. */
export function claimRealtek(
  { queues, interface: { driver } }: IrqQuestion,
  vectors: ReadonlyMap<number, NamedVector>,
): Claims {
  const rx = queues.rx ?? 1;
  const tx = queues.tx ?? 1;
  const fitting = LAYOUTS.filter((layout) => fits(layout, vectors, rx, tx));
  const answers = new Set(fitting.map((layout) => layout.tx.slice(0, tx).join()));
  const layout = answers.size === 1 ? fitting[0] : undefined;
  const claims = [...vectors].map(([number, { irq, name }]): Claim => {
    const queue = layout?.tx.slice(0, tx).indexOf(number) ?? -1;
    return { irq, name, rx: number < rx ? [number] : [], tx: queue < 0 ? [] : [queue] };
  });
  if (layout !== undefined) return { claims, notes: [] };
  return {
    claims,
    notes: [
      `${driver} numbers its IRQs by vector, and which of them serve tx depends on the chip, which is not known here: the IRQ of a tx queue is not known`,
    ],
  };
}

/** Every vector with interrupts is used, and that of the first TX queue always has some. */
function fits(
  { tx, others }: Layout,
  vectors: ReadonlyMap<number, NamedVector>,
  rxQueues: number,
  txQueues: number,
): boolean {
  const tasks = new Set([...Array(rxQueues).keys(), ...tx.slice(0, txQueues), ...others]);
  const fired = [...vectors].flatMap(([number, { taken }]) => (taken > 0 ? [number] : []));
  return fired.every((number) => tasks.has(number)) && fired.includes(tx[0] ?? -1);
}

/**
 * The queues if the vectors with interrupts are those of an RTL8125B: some from 0 on, 16 and perhaps 18, 21 for the
 * link. Otherwise null.
 */
export function looksLikeRtl8125b(
  vectors: ReadonlyMap<number, NamedVector>,
): { readonly rx: number; readonly tx: number } | null {
  const fired = [...vectors].flatMap(([number, { taken }]) => (taken > 0 ? [number] : []));
  const rx = fired.filter((number) => number < MAX_RX_QUEUES).length;
  const tx = fired.includes(18) ? 2 : 1;
  const link = RTL8125B.others.every((number) => fired.includes(number));
  return rx > 0 && link && fits(RTL8125B, vectors, rx, tx) ? { rx, tx } : null;
}
