/** The queues that a NIC's interrupts claim by their names, within the set that is known to be the NIC's. */
import { type IrqName, looksLikeInterface } from './irq-names.ts';
import type { IrqQuestion } from './irq-queues.ts';
import type { NamedInterrupt } from './irq-table.ts';
import type { IrqRole } from './types.ts';

/** How many queues there are; null when only the names can tell. */
export interface QueueCounts {
  readonly rx: number | null;
  readonly tx: number | null;
}

export interface Claim {
  readonly irq: number;
  readonly name: string;
  readonly rx: readonly number[];
  readonly tx: readonly number[];
  /** It serves queues in this role, but nobody says which. */
  readonly unclear?: IrqRole;
}

/** tg3 and mlx4 keep their first vector for the link and for commands, and number the queues' from 1. */
const countFromOne = new Set(['tg3', 'mlx4_core', 'mlx4_en']);

export function claimByName(
  question: IrqQuestion,
  entries: readonly NamedInterrupt[],
): { claims: readonly Claim[]; notes: readonly string[] } {
  const named = nameEntries(question, entries);
  const { queues } = question;
  const driver = question.interface.driver;
  const blocks = named.filter(({ parsed }) => parsed?.role === 'block').length;
  const lowest = Math.min(...named.flatMap(({ parsed }) => (isNumbered(parsed) ? parsed.queues : [])));
  const first = driver === null ? Number(lowest === 1) : Number(countFromOne.has(driver));

  const claims = named.map(({ irq, action, parsed }): Claim => {
    const { role, numbers } = resolve(parsed, blocks, first);
    const within = (count: number | null): readonly number[] =>
      numbers === 'all' ? range(count ?? 1) : numbers.filter((queue) => count === null || queue < count);
    return {
      irq,
      name: action,
      rx: role === 'rx' || role === 'rxtx' ? within(queues.rx) : [],
      tx: role === 'tx' || role === 'rxtx' ? within(queues.tx) : [],
    };
  });
  return judge(claims, question);
}

interface Named {
  readonly irq: number;
  readonly action: string;
  readonly parsed: IrqName | null;
}

// A weak name counts only where nothing speaks clearer; and a lone vector that bears just the interface's name,
// perhaps that of before a rename, serves every queue.
function nameEntries(question: IrqQuestion, entries: readonly NamedInterrupt[]): readonly Named[] {
  const { name, pci, virtio } = question.interface;
  const own = new Set([name, pci, virtio]);
  const named = entries.map(({ interrupt: { irq, actions }, names }): Named => {
    const choices = actions.map((action, i) => ({ action, parsed: names[i] ?? null }));
    const mine = choices.find(({ action, parsed }) => own.has(parsed?.owner ?? action));
    const choice = mine ?? choices.find(({ parsed }) => parsed !== null) ?? choices[0];
    return { irq, action: choice?.action ?? '', parsed: choice?.parsed ?? null };
  });
  const isClear = ({ parsed }: Named): boolean => parsed !== null && parsed.role !== 'other' && !parsed.weak;
  if (named.some(isClear)) return named.map((one) => (one.parsed?.weak ? { ...one, parsed: null } : one));
  if (named.some(({ parsed }) => parsed?.weak)) return named;
  const isBare = ({ action, parsed }: Named): boolean =>
    parsed === null && (own.has(action) || looksLikeInterface(action));
  const [bare, ...others] = named.filter(isBare);
  return others.length > 0 ? named : named.map((one) => (one === bare ? { ...one, parsed: lone } : one));
}

const lone: IrqName = { owner: '', role: 'rxtx', queues: 'all', driver: null, weak: false };

const isNumbered = (name: IrqName | null): name is IrqName & { readonly queues: readonly number[] } =>
  name !== null && name.queues !== 'all' && (name.role === 'rx' || name.role === 'rxtx');

/** gve numbers its blocks through: the first half is TX, the rest RX (gve.h, gve_rx_idx_to_ntfy). */
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

// Where vectors are fewer than queues their numbers are not the queues': i40e gives vector 0 the queues 0 and 1,
// ixgbe 0 and 4. Better no answer than that.
function judge(
  claims: readonly Claim[],
  { queues, interface: { driver }, neighbours }: IrqQuestion,
): { claims: readonly Claim[]; notes: readonly string[] } {
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
      notes: [`${reason}: neither the kernel nor the names tell which IRQ serves which queue`],
    };
  }
  if (queues.tx === null || txNamed === 0 || txNamed >= queues.tx) return { claims, notes: [] };
  // mlx5's TX queue of a channel in a traffic class is channel + class * channels (en_main.c, channel_tc2realtxq).
  if (driver === 'mlx5_core' && queues.rx !== null)
    return { claims: spreadTx(claims, queues.rx, queues.tx), notes: [] };
  return {
    claims,
    notes: [`${txNamed} of ${queues.tx} tx queues have an IRQ of their name; the others' is not known`],
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
