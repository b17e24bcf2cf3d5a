/**
 * Vectors that all have the same name, that of the interface or its device: only the driver's order distinguishes them.
 */

import type { Claim, Claims, IrqQuestion, NamedVector } from './irq-claims.ts';

/** Queues of the vector at `position`, of `vectors`; the caller cuts off indices of queues that do not exist. */
interface Order {
  readonly rx: (position: number, vectors: number, queues: number) => readonly number[];
  readonly tx: (position: number, vectors: number, queues: number) => readonly number[];
  /** Shown if the order leaves queues without a vector. */
  readonly note?: string;
}

const same = (position: number): readonly number[] => [position];
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
const inOrder: Order = { rx: same, tx: same };

const ORDERS: ReadonlyMap<string | null, Order> = new Map<string | null, Order>([
  // aq_nic_start: rings first, then PTP and link.
  ['atlantic', inOrder],
  // macb_init: one interrupt per queue.
  ['macb', inOrder],
  [
    // mvpp2_multi_queue_vectors_init: with one rx queue, the vector after those of the CPUs serves it.
    'mvpp2',
    {
      rx: (position, vectors, queues) => (queues > 1 ? [position] : position === vectors - 1 ? [0] : []),
      tx: () => [],
      note: 'mvpp2 completes a packet on the IRQ of the CPU that sent it: a tx queue has no IRQ of its own',
    },
  ],
  [
    // bcmgenet_isr0 serves the default queue, bcmgenet_isr1 the others; a third vector is for Wake-on-LAN.
    'bcmgenet',
    {
      rx: (position, _, queues) => (position === 0 ? [0] : position === 1 ? range(1, queues) : []),
      tx: (position, _, queues) => (position === 0 ? [0] : position === 1 ? range(1, queues) : []),
    },
  ],
  [
    // mtk_probe requests the IRQ of tx, then that of rx.
    'mtk_soc_eth',
    {
      rx: (position, vectors, queues) => (vectors === 2 && position === 1 ? range(0, queues) : []),
      tx: (position, vectors, queues) => (vectors === 2 && position === 0 ? range(0, queues) : []),
    },
  ],
]);

/** Drivers whose device has an IRQ for the link only, and where those of the queues are. */
const LINK_ONLY: ReadonlyMap<string | null, string> = new Map([
  // dpaa2_eth_setup_irqs; the queues notify through dpaa2_io portals
  [
    'fsl_dpaa2_eth',
    'its own IRQ is that of the link; queues notify CPUs through DPIO portals (dpio.N), and which portal serves which queue is not known',
  ],
]);

/** Vectors of link or PTP have less than this share of the busiest queue's interrupts. */
const QUIET = 1 / 1000;

/**
 * The queues of the vectors in `bare`, which share one name, in the order of the device's vectors. `unread` are other
 * vectors of the device whose names have no known form.
 */
export function claimBare(
  { queues, interface: { driver } }: IrqQuestion,
  bare: readonly NamedVector[],
  unread: readonly NamedVector[],
): Claims {
  const elsewhere = LINK_ONLY.get(driver);
  if (elsewhere !== undefined) return { claims: [], notes: [elsewhere] };
  const [first] = bare;
  if (first === undefined) return { claims: [], notes: unread.length === 0 ? [] : [notToldApart(unread)] };
  if (bare.length === 1 && unread.length === 0)
    return {
      claims: [{ ...idle(first), rx: range(0, queues.rx ?? 1), tx: range(0, queues.tx ?? 1) }],
      notes: [],
    };
  if (unread.length > 0) return notKnown([...bare, ...unread]);

  const order = ORDERS.get(driver);
  if (order !== undefined && queues.rx !== null && queues.tx !== null) {
    const { rx, tx } = { rx: queues.rx, tx: queues.tx };
    const claims = bare.map(
      (vector, position): Claim => ({
        ...idle(vector),
        rx: order.rx(position, bare.length, rx).filter((queue) => queue < rx),
        tx: order.tx(position, bare.length, tx).filter((queue) => queue < tx),
      }),
    );
    const served = new Set(claims.flatMap(({ rx }) => rx)).size;
    if (served === rx) return { claims, notes: order.note === undefined ? [] : [order.note] };
    return notKnown(bare);
  }
  // One vector with interrupts and one queue need no order.
  const [only, ...others] = bare.filter(({ taken }) => taken > 0);
  if (queues.rx === 1 && only !== undefined && others.length === 0)
    return { claims: [{ ...idle(only), rx: [0], tx: range(0, queues.tx ?? 1) }], notes: [] };
  return driver === null && queues.rx === null ? assumed(bare) : notKnown(bare);
}

/**
 * With only a file of interrupts the driver is not known. Drivers that name every vector after the interface have a
 * queue on each, from the first on, except bcmgenet, which has two; drivers that use the name of a device tree node
 * have no such rule.
 */
function assumed(bare: readonly NamedVector[]): Claims {
  const [first] = bare;
  const busiest = Math.max(...bare.map(({ taken }) => taken));
  const last = bare.findLastIndex(({ taken }) => taken > busiest * QUIET);
  const onMsi = bare.every(({ vector }) => vector !== null);
  if (first === undefined || last < 1 || first.name.includes('.') || (!onMsi && bare.length < 3))
    return notKnown(bare);
  const claims = bare.map(
    (vector, position): Claim => ({
      ...idle(vector),
      rx: position <= last ? [position] : [],
      // On MSI, the driver is atlantic, which also has a tx queue on each.
      tx: position <= last && onMsi ? [position] : [],
    }),
  );
  return {
    claims,
    notes: [
      `the names of its ${bare.length} IRQs are identical: the first ${last + 1}, which took interrupts, are assumed to serve rx-0 to rx-${last} in order, as atlantic, mvpp2 and macb do${onMsi ? '' : '; which IRQ serves a tx queue is not known'}`,
    ],
  };
}

const idle = ({ irq, name }: NamedVector) => ({ irq, name, rx: [], tx: [] });

function notKnown(vectors: readonly NamedVector[]): Claims {
  const claims = vectors.map((vector): Claim => ({ ...idle(vector), unclear: 'rxtx' }));
  return { claims, notes: [notToldApart(vectors)] };
}

const NAMED = 3;

function notToldApart(vectors: readonly NamedVector[]): string {
  const names = [...new Set(vectors.map(({ name }) => name))];
  const some = `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ', …' : ''}`;
  const which = vectors.length === 1 ? 'an IRQ of its device is' : `${vectors.length} IRQs of its device are`;
  return `${which} called ${some}, which does not say what it serves: which IRQ serves which queue is not known`;
}
