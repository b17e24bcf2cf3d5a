/** The queues in the names of a NIC's interrupts, among the interrupts that are known to belong to the NIC. */
import { claimBare } from './bare-vectors.ts';
import type { Claim, Claims, IrqQuestion, NamedVector } from './irq-claims.ts';
import { type IrqName, looksLikeInterface } from './irq-names.ts';
import type { NamedInterrupt } from './irq-table.ts';
import { claimRealtek, isRealtek, looksLikeRtl8125b } from './realtek-vectors.ts';
import type { IrqRole } from './types.ts';

/** tg3 and mlx4 use their first vector for the link and for commands, and number queue vectors from 1. */
const countFromOne = new Set(['tg3', 'mlx4_core', 'mlx4_en']);

interface Named extends NamedVector {
  readonly parsed: IrqName | null;
}

export function claimByName(question: IrqQuestion, entries: readonly NamedInterrupt[]): Claims {
  const named = nameEntries(question, entries);
  const isClear = ({ parsed }: Named): boolean => parsed !== null && parsed.role !== 'other' && !parsed.weak;
  if (named.some(isClear))
    return claimByNumber(
      question,
      // A weak name counts only without a clearer one.
      named.map((one) => (one.parsed?.weak ? { ...one, parsed: null } : one)),
    );
  if (named.some(({ parsed }) => parsed?.weak)) return claimWeak(question, named);
  const own = ownNames(question);
  const unclaimed = named.filter(({ parsed, name }) => parsed === null && name !== '');
  // Perhaps the interface's name before a rename; never the PCI address of an error interrupt among others.
  const isBare = ({ name }: Named): boolean => own.has(name) || looksLikeInterface(name);
  return withRest(
    named,
    claimBare(
      question,
      unclaimed.filter(isBare),
      unclaimed.filter((one) => !isBare(one)),
    ),
  );
}

/** All IRQs of the device; those without a claim serve no queue. */
function withRest(named: readonly Named[], { claims, notes }: Claims): Claims {
  const claimed = new Map(claims.map((claim) => [claim.irq, claim]));
  return {
    claims: named.map((one) => claimed.get(one.irq) ?? { irq: one.irq, name: one.name, rx: [], tx: [] }),
    notes,
  };
}

/** Drivers that number queues by `eth0-N` (efx_set_channel_names of sfc). */
const WEAK_BY_QUEUE = /^sfc/;

/** `eth0-N` without clearer names: the numbers are those of queues, or of vectors. */
function claimWeak(question: IrqQuestion, named: readonly Named[]): Claims {
  const {
    queues,
    interface: { driver },
  } = question;
  const numbered = named.flatMap((one) =>
    one.parsed?.weak && one.parsed.queues !== 'all' ? [{ ...one, number: one.parsed.queues[0] ?? 0 }] : [],
  );
  const vectors = new Map(numbered.map((one) => [one.number, one]));
  if (isRealtek(driver)) return withRest(named, claimRealtek(question, vectors));
  if (driver === null && queues.rx === null) {
    const seen = looksLikeRtl8125b(vectors);
    if (seen !== null) {
      const { claims } = claimRealtek({ ...question, queues: seen }, vectors);
      const note = 'the vectors that took interrupts are those of an RTL8125B: its queues are assumed';
      return withRest(named, { claims, notes: [note] });
    }
  }
  const most = queues.rx === null ? null : Math.max(queues.rx, queues.tx ?? 0);
  const beyond = most !== null && numbered.length > most + 1 && !WEAK_BY_QUEUE.test(driver ?? '');
  if (!beyond && !(queues.rx === null && hasGap(numbered))) return claimByNumber(question, named);
  const claims = numbered.map(({ irq, name }): Claim => ({ irq, name, rx: [], tx: [], unclear: 'rxtx' }));
  const first = numbered[0]?.name;
  const of = most === null ? '' : ` for ${queues.rx} rx and ${queues.tx} tx queues`;
  const note = `${numbered.length} IRQs called ${first} and so on${of}: the numbers are those of vectors, and which IRQ serves which queue is not known`;
  return withRest(named, { claims, notes: [note] });
}

/** A vector without interrupts below one with interrupts: then the numbers are not those of queues. */
function hasGap(numbered: readonly { readonly number: number; readonly taken: number }[]): boolean {
  const fired = numbered.filter(({ taken }) => taken > 0).map(({ number }) => number);
  const highest = Math.max(-1, ...fired);
  return fired.length > 0 && numbered.some(({ number, taken }) => taken === 0 && number < highest);
}

function claimByNumber(question: IrqQuestion, named: readonly Named[]): Claims {
  const { queues } = question;
  const driver = question.interface.driver;
  const blocks = named.filter(({ parsed }) => parsed?.role === 'block').length;
  const lowest = Math.min(...named.flatMap(({ parsed }) => (isNumbered(parsed) ? parsed.queues : [])));
  const first = driver === null ? Number(lowest === 1) : Number(countFromOne.has(driver));

  // ionic's IRQs are named after their RX queue, which the TX queue shares unless it has IRQs of its own.
  const shared =
    named.some(({ parsed }) => parsed?.driver === 'ionic') &&
    named.every(({ parsed }) => parsed?.role !== 'tx');

  const claims = named.map(({ irq, name, parsed }): Claim => {
    const { role: said, numbers } = resolve(parsed, blocks, first);
    const role = shared && said === 'rx' ? 'rxtx' : said;
    const within = (count: number | null, numbers: readonly number[] | 'all'): readonly number[] =>
      numbers === 'all' ? range(count ?? 1) : numbers.filter((queue) => count === null || queue < count);
    return {
      irq,
      name,
      rx: role === 'rx' || role === 'rxtx' ? within(queues.rx, numbers) : [],
      tx: role === 'tx' || role === 'rxtx' ? within(queues.tx, parsed?.txQueues ?? numbers) : [],
    };
  });
  return judge(claims, question);
}

const ownNames = ({ interface: { name, pci, virtio, platform } }: IrqQuestion): ReadonlySet<string | null> =>
  new Set([name, pci, virtio, platform]);

/** In the order of the device's vectors. */
function nameEntries(question: IrqQuestion, entries: readonly NamedInterrupt[]): readonly Named[] {
  const own = ownNames(question);
  return entries
    .map(({ interrupt: { irq, vector, actions, counts }, names }): Named => {
      const choices = actions.map((action, i) => ({ action, parsed: names[i] ?? null }));
      const mine = choices.find(({ action, parsed }) => own.has(parsed?.owner ?? action));
      const choice = mine ?? choices.find(({ parsed }) => parsed !== null) ?? choices[0];
      const taken = counts.reduce((sum, count) => sum + count, 0);
      return { irq, vector, name: choice?.action ?? '', taken, parsed: choice?.parsed ?? null };
    })
    .sort((a, b) => (a.vector ?? 0) - (b.vector ?? 0) || a.irq - b.irq);
}

const isNumbered = (name: IrqName | null): name is IrqName & { readonly queues: readonly number[] } =>
  name !== null && name.queues !== 'all' && (name.role === 'rx' || name.role === 'rxtx');

/** gve numbers its blocks consecutively: the first half is TX, the rest RX (gve.h, gve_rx_idx_to_ntfy). */
function resolve(
  parsed: IrqName | null,
  blocks: number,
  first: number,
): { role: IrqRole; numbers: readonly number[] | 'all' } {
  if (!parsed) return { role: 'other', numbers: [] };
  const { role, queues } = parsed;
  if (queues === 'all') return { role: role === 'block' ? 'other' : role, numbers: 'all' };
  if (role !== 'block') return { role, numbers: queues.map((queue) => Math.max(0, queue - first)) };
  const half = blocks / 2;
  const isRx = queues.every((block) => block >= half);
  return { role: isRx ? 'rx' : 'tx', numbers: queues.map((block) => (isRx ? block - half : block)) };
}

// With fewer vectors than queues the numbers are not those of queues: i40e gives vector 0 the queues 0 and 1, ixgbe 0
// and 4. No answer is better than a wrong one.
function judge(claims: readonly Claim[], { queues, interface: { driver }, neighbours }: IrqQuestion): Claims {
  const rxVectors = claims.filter(({ rx }) => rx.length > 0);
  const txVectors = claims.filter(({ tx }) => tx.length > 0);
  const rxNamed = new Set(rxVectors.flatMap(({ rx }) => rx)).size;
  const txNamed = new Set(txVectors.flatMap(({ tx }) => tx)).size;
  const short = queues.rx !== null && rxNamed > 0 && rxNamed < queues.rx;
  const shared = driver?.startsWith('mlx4') === true && neighbours.length > 0;
  if (short || shared) {
    const reason = shared
      ? `${driver} shares its vectors between ports`
      : `${rxVectors.length} IRQs for ${queues.rx} rx queues`;
    return {
      claims: claims.map(({ irq, name, rx, tx }) =>
        rx.length + tx.length === 0
          ? { irq, name, rx, tx }
          : { irq, name, rx: [], tx: [], unclear: rx.length === 0 ? 'tx' : tx.length === 0 ? 'rx' : 'rxtx' },
      ),
      notes: [`${reason}: the IRQ of each queue is not known, neither from the kernel nor from the names`],
    };
  }
  if (queues.tx === null || txNamed === 0 || txNamed >= queues.tx) return { claims, notes: [] };
  // mlx5's TX queue of a channel in a traffic class is channel + class * channels (en_main.c, channel_tc2realtxq).
  if (driver === 'mlx5_core' && queues.rx !== null)
    return { claims: spreadTx(claims, queues.rx, queues.tx), notes: [] };
  return {
    claims,
    notes: [
      `${txNamed} of ${queues.tx} tx queues have an IRQ named after them; the IRQs of the others are not known`,
    ],
  };
}

function spreadTx(claims: readonly Claim[], channels: number, count: number): readonly Claim[] {
  return claims.map((claim) => {
    const [channel] = claim.tx;
    return channel === undefined
      ? claim
      : { ...claim, tx: range(count).filter((queue) => queue % channels === channel) };
  });
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
