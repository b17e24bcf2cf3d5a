/** Balances addresses by XDP: plans it, applies it with a journal, shows it, removes a backend. */
import { nameOfVip } from '../balance/file.ts';
import { preparations, refusals, sideEffects } from '../balance/hazards.ts';
import { type AttachedVip, formatInForce, type InForce, parseInForce } from '../balance/in-force.ts';
import { linkOf, withMacs } from '../balance/link.ts';
import { type BalanceOutlook, outlookOf, seeded } from '../balance/outlook.ts';
import { programText } from '../balance/program.ts';
import { isStale, refreshLink } from '../balance/refresh.ts';
import { readAttached } from '../balance/state.ts';
import { balancersOf, severalBalancers } from '../balance/status.ts';
import { seedOf } from '../balance/table.ts';
import type { Balancer } from '../balance/types.ts';
import { failure } from '../system/errors.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import { subjectOf } from '../tune/subject.ts';
import type { Change, Plan } from '../tune/types.ts';
import { word } from '../words/shell.ts';
import type { Situation } from '../xdp/situation.ts';
import type { LiveMachine } from './machine.ts';
import { changesOf, refuseForeign, situationOf } from './xdp.ts';

export interface BalanceOptions {
  readonly iface: string;
  readonly mode: XdpMode;
  /** The other end of a veth is known to be right. */
  readonly force: boolean;
}

export interface PlannedBalance {
  /** What it would be, against what is attached now. */
  readonly outlook: BalanceOutlook;
  /** Empty: it is attached already. */
  readonly plan: Plan;
  readonly warnings: readonly string[];
  /** If nothing else changes: gives the attached one the interface's present MAC address and MTU; null: it has them. */
  readonly refresh: (() => Promise<void>) | null;
}

/**
 * All checks are made here, before anything is changed. Throws Failure no-such-interface, foreign-program, other-command,
 * mode-differs, no-mac, not-on-link, mac-unknown, no-source, and the codes of `refusals`; SystemError.
 */
export async function planBalance(
  machine: LiveMachine,
  file: Balancer,
  { iface, mode, force }: BalanceOptions,
): Promise<PlannedBalance> {
  const situation = await situationOf(machine, iface);
  refuseForeign(situation.state);
  const [refused] = refusals(mode, situation, force);
  if (refused !== undefined) throw failure(refused.code, refused.message, refused.hint);
  const vips = await withMacs(situation.state, file.vips);
  await linkOf(situation.state, vips);
  return planned(situation, { mode, seed: seedOf(file.seed), flowCache: file.flowCache, vips });
}

function planned(situation: Situation, after: InForce): PlannedBalance {
  const { state, possible } = situation;
  const { mode, vips } = after;
  const from = programText(state, possible);
  const before = parseInForce(from);
  const to = formatInForce(after);
  const changes = from === to ? [] : [attaching(state.name, from, to)];
  return {
    outlook: outlookOf(after, before),
    plan: {
      changes: [...changesOf(preparations(mode, vips, situation), state.name), ...changes],
      refused: [],
      notes: [],
    },
    warnings: before === null ? sideEffects(mode, vips, situation) : [],
    refresh: changes.length > 0 ? null : refreshOf(situation),
  };
}

function refreshOf({ state, possible }: Situation): (() => Promise<void>) | null {
  const [program] = state.programs;
  const info = program?.info ?? null;
  const attached = program === undefined ? null : readAttached(program, possible);
  if (info === null || attached === null || !isStale(state, attached)) return null;
  return () => refreshLink(state, info, attached);
}

function attaching(nic: string, from: string, to: string): Change {
  const target = { kind: 'xdp', nic } as const;
  const why = 'Sends the packets for these addresses to their backends.';
  // No shell command has the whole of it: the file does.
  const command = `locality-tune balance apply FILE --iface ${word(nic)} --yes`;
  return { kind: 'xdp', subject: subjectOf(target), target, from, to, why, command };
}

/** Throws Failure no-such-backend, last-backend, and those of balancersOf. */
export async function planRemoval(
  machine: LiveMachine,
  backend: string,
  iface: string | null,
): Promise<readonly (PlannedBalance & { readonly iface: string })[]> {
  const having = (await balancersOf(machine.files, iface)).filter(({ attached }) =>
    attached.inForce.vips.some(({ backends }) => backends.some(({ address }) => address === backend)),
  );
  if (having.length === 0)
    throw failure(
      'no-such-backend',
      `no balancer here has a backend ${backend}`,
      'see `locality-tune balance status`',
    );
  return Promise.all(
    having.map(async ({ iface: name, attached: { inForce } }) => ({
      iface: name,
      ...planned(await situationOf(machine, name), {
        ...inForce,
        vips: inForce.vips.map((vip) => without(vip, backend)),
      }),
    })),
  );
}

function without(vip: AttachedVip, backend: string): AttachedVip {
  const backends = vip.backends.filter(({ address }) => address !== backend);
  if (backends.some(({ weight }) => weight > 0) || backends.length === vip.backends.length)
    return { ...vip, backends };
  throw failure(
    'last-backend',
    `${backend} is the last backend of ${nameOfVip(vip)}`,
    'without it nobody would serve that address: add another backend first, or `locality-tune balance detach`',
  );
}

/** What a file would change of what is attached. Throws Failure as balancersOf. */
export async function outlookHere(
  machine: LiveMachine,
  file: Balancer,
  iface: string | null,
): Promise<BalanceOutlook> {
  const [first, ...more] = await balancersOf(machine.files, iface);
  if (first !== undefined && more.length > 0) throw severalBalancers([first, ...more]);
  return outlookOf(seeded(file), first?.attached.inForce ?? null);
}
