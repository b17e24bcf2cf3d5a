/** Spreads packets of an interface over CPUs by XDP: plans it, applies it with a journal, shows it, and detaches it. */
import { programText, setProgram } from '../balance/program.ts';
import type { Cpus } from '../host/cpus.ts';
import { readSockets } from '../host/sockets.ts';
import type { Group } from '../host/types.ts';
import { failure } from '../system/errors.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import { type Applied, applyPlan } from '../tune/apply.ts';
import { settingKey } from '../tune/journal.ts';
import type { ListedJournal } from '../tune/journal-list.ts';
import { programByCpu } from '../tune/plan/program-by-cpu.ts';
import { subjectOf } from '../tune/subject.ts';
import type { Change, Plan, Target } from '../tune/types.ts';
import type { Undone } from '../tune/undo.ts';
import { word } from '../words/shell.ts';
import { readEgress } from '../xdp/egress.ts';
import { EGRESS, egressText } from '../xdp/egress-text.ts';
import { egressRefusals, type Preparation, preparations, refusals, sideEffects } from '../xdp/hazards.ts';
import { setEgress } from '../xdp/set-egress.ts';
import { foreign } from '../xdp/set-program.ts';
import { readSituation, type Situation } from '../xdp/situation.ts';
import { formatSport, type Sport } from '../xdp/sport.ts';
import { ALL_TUNNELS, type By, formatSpread, type Ports, parsePorts, type Spread } from '../xdp/spread.ts';
import { NOTHING, type XdpState } from '../xdp/state.ts';
import { accessTo, type LiveMachine, type Progress } from './machine.ts';
import { journalsOf, takeBack, UNASKED } from './undo.ts';

export interface SpreadOptions {
  readonly iface: string;
  readonly by: By;
  /** null: with `inner`, every tunnel that is known. */
  readonly ports: Ports | null;
  readonly tcp: boolean;
  /** null: those of the pinned workers that serve the ports. */
  readonly cpus: Cpus | null;
  readonly queue: number;
  readonly mode: XdpMode;
  /** Also attach a program to each group of the ports, so that the CPU's worker reads the packet. */
  readonly withProgram: boolean;
  /** The sender behind a veth that cannot be seen computes its checksums. */
  readonly force: boolean;
}

const SPREADS = 'Spreads these packets over the CPUs before the kernel receives them.';

export interface PlannedSpread {
  readonly spread: Spread;
  /** Empty: it is attached already. */
  readonly plan: Plan;
  readonly warnings: readonly string[];
}

/**
 * All checks are made here, before anything is changed. Throws Failure no-such-interface, foreign-program, mode-differs,
 * no-port, no-cpus, no-such-group, those of chooseProgram, and the codes of `refusals`; SystemError.
 */
export async function planSpread(
  machine: LiveMachine,
  options: SpreadOptions,
  progress: Progress,
): Promise<PlannedSpread> {
  const { iface, by, mode, withProgram } = options;
  const situation = await situationOf(machine, iface);
  refuseForeign(situation.state);
  refuseBalancer(situation.state);
  const ports = options.ports ?? (by.way === 'inner' ? parsePorts(ALL_TUNNELS, 'inner') : null);
  if (ports === null)
    throw failure('no-port', `--by ${by.way} needs the port of the server`, 'add --port PORT');
  const done = progress('reading sockets ...');
  const groups = await groupsOf(machine, ports, options).finally(done);
  const cpus = options.cpus ?? cpusOf(groups, ports, situation);
  const spread: Spread = { by, ...ports, tcp: options.tcp, cpus, queue: options.queue, mode };
  const programs = withProgram ? groups.map(programByCpu) : [];
  if (withProgram && groups.length === 0)
    throw failure(
      'no-such-group',
      'there is no reuseport group on this port for --with-program',
      'see `locality-tune inspect`; omit --with-program if one process reads every packet',
    );
  const [refused] = refusals(spread, situation, withProgram ? [] : groups, options.force);
  if (refused !== undefined) throw failure(refused.code, refused.message, refused.hint);
  const changes = [
    ...changesOf(preparations(spread, situation), iface),
    ...attaching(formatSpread(spread), SPREADS, situation),
    ...programs.flatMap((each) => each.changes),
  ];
  const warnings = [
    ...(changes.length > 0 ? sideEffects(spread, situation) : []),
    ...programs.flatMap(({ warnings }) => warnings),
    ...unserved(spread, groups),
  ];
  return { spread, plan: { changes, refused: [], notes: [] }, warnings };
}

export async function situationOf(machine: LiveMachine, iface: string): Promise<Situation> {
  const situation = await readSituation(machine, iface);
  if (situation !== null) return situation;
  throw failure('no-such-interface', `--iface ${iface}: no such interface`, 'see `ip link`');
}

export function refuseForeign({ name, programs }: XdpState): void {
  const other = programs.find(({ own }) => own === null);
  if (other !== undefined) throw foreign(name, other);
}

function refuseBalancer({ name, programs }: XdpState): void {
  if (programs.some(({ own }) => own?.command === 'balance'))
    throw failure(
      'other-command',
      `${name} has a balancer, and an interface has only one program`,
      `detach it first: locality-tune balance detach --iface ${word(name)}`,
    );
}

/** The groups that the packets are for, with their programs if these matter. */
async function groupsOf(
  machine: LiveMachine,
  { ports }: Ports,
  { tcp, mode, cpus, withProgram }: SpreadOptions,
): Promise<readonly Group[]> {
  const [first, ...more] = ports;
  if (first === undefined) return [];
  const programs = withProgram || mode === 'native';
  if (!programs && cpus !== null) return [];
  const port = more.length > 0 ? null : first.port;
  const { groups } = await readSockets(machine, machine.arch, { port, slots: programs, sampleSeconds: 0 });
  const wanted = new Set(ports.map((each) => each.port));
  return groups.filter(
    (group) => group.protocol === (tcp ? 'tcp' : 'udp') && wanted.has(group.port) && group.size > 1,
  );
}

/** Throws Failure no-cpus. */
function cpusOf(groups: readonly Group[], { ports }: Ports, { online }: Situation): Cpus {
  const pinned = groups.flatMap(({ sockets }) =>
    sockets.flatMap(({ cpus: [only, ...more] }) => (only !== undefined && more.length === 0 ? [only] : [])),
  );
  const cpus = [...new Set(pinned)].filter((cpu) => online.includes(cpu)).sort((a, b) => a - b);
  if (cpus.length > 0) return cpus;
  const what = ports.map(({ port }) => port).join(', ') || 'these tunnels';
  throw failure(
    'no-cpus',
    `no worker that serves ${what} is pinned to one CPU, so the CPUs for the packets are not known`,
    'name them with --cpus LIST, or pin the workers first',
  );
}

/** As changes of a plan. */
export function changesOf(prepared: readonly Preparation[], nic: string): readonly Change[] {
  return prepared.map(({ from, to, why, command, ...what }) => {
    const target: Target =
      what.kind === 'rps'
        ? { kind: 'rps', nic, queue: what.queue }
        : { kind: 'feature', nic, feature: what.feature };
    return { kind: target.kind, subject: subjectOf(target), target, from, to, why, command };
  });
}

function attaching(to: string, why: string, { state, possible }: Situation): readonly Change[] {
  const from = programText(state, possible);
  if (from === to) return [];
  const target: Target = { kind: 'xdp', nic: state.name };
  return [
    { kind: 'xdp', subject: subjectOf(target), target, from, to, why, command: byHand(to, state.name) },
  ];
}

/** @param text a spread or a source port */
const byHand = (text: string, nic: string): string =>
  `locality-tune xdp ${text.replace(' ', () => ` --iface ${word(nic)} `)} --yes`;

/** A packet on a CPU without a worker is read by another one. */
function unserved({ cpus }: Spread, groups: readonly Group[]): readonly string[] {
  return groups.flatMap(({ id, sockets }) => {
    const served = new Set(sockets.flatMap((socket) => (socket.cpus.length === 1 ? socket.cpus : [])));
    const without = cpus.filter((cpu) => !served.has(cpu));
    return served.size === 0 || without.length === 0
      ? []
      : [`no worker of ${id} is pinned to CPU ${without.join(', ')}: others read the packets that go there`];
  });
}

export interface PlannedSport {
  /** Empty: it is attached already. */
  readonly plan: Plan;
  readonly warnings: readonly string[];
}

/** Throws Failure no-such-interface, foreign-program, connected-socket, other-command, those of egressRefusals; SystemError. */
export async function planSport(machine: LiveMachine, iface: string, sport: Sport): Promise<PlannedSport> {
  const situation = await situationOf(machine, iface);
  refuseForeign(situation.state);
  refuseBalancer(situation.state);
  const sockets = await machine.kernel.sockets();
  const connected = sockets.find(
    ({ protocol, port, peerPort }) => protocol === 'udp' && peerPort !== 0 && sport.ports.includes(port),
  );
  if (connected !== undefined)
    throw failure(
      'connected-socket',
      `a socket on port ${connected.port} is connected to ${connected.peerAddress} port ${connected.peerPort}: it receives only from there, so it would receive nothing`,
      'a server with connected sockets needs `locality-tune xdp spread`',
    );
  const changes = [
    ...(await restoring(situation.state, sport)),
    ...attaching(formatSport(sport), 'Whatever hashes the ports then sees many flows.', situation),
  ];
  const rps = situation.rps.length > 0;
  const where =
    sport.mode === 'native'
      ? rps
        ? []
        : [
            'it spreads sockets, not CPUs: the NIC has chosen the queue already. With RPS on the interface it also spreads CPUs; `locality-tune xdp spread` does so without changing packets',
          ]
      : [
          'it spreads sockets, not CPUs: generic XDP runs after RPS. `locality-tune xdp spread` spreads CPUs, and the program `rand` spreads sockets without changing packets',
        ];
  const warnings = [
    ...where,
    sport.restore
      ? `answers must leave by ${iface}: only there the filter restores their port`
      : 'what the server answers goes to the random port, where nobody listens: right only for protocols without answers',
  ];
  return { plan: { changes, refused: [], notes: [] }, warnings: changes.length > 0 ? warnings : [] };
}

/** The filter comes first, so that no answer leaves without it. */
async function restoring({ name, ifindex, programs }: XdpState, sport: Sport): Promise<readonly Change[]> {
  if (!sport.restore) {
    const [now] = programs;
    if (now?.own?.command === 'sport' && now.own.way === 'restore')
      throw failure(
        'other-command',
        `${name} has a random source port with --restore, whose filter on the way out --one-way does not need`,
        `detach it first: locality-tune xdp detach --iface ${word(name)}`,
      );
    return [];
  }
  const egress = await readEgress(ifindex);
  const [refused] = egressRefusals(name, egress);
  if (refused !== undefined) throw failure(refused.code, refused.message, refused.hint);
  if (egress.ours !== null) return [];
  const target: Target = { kind: 'tc', nic: name };
  return [
    {
      kind: 'tc',
      subject: subjectOf(target),
      target,
      from: egressText(egress),
      to: EGRESS.restore,
      why: "Puts the peer's own port back into answers.",
      command: byHand(formatSport(sport), name),
    },
  ];
}

/** Applies the plan of a spread, a random source port or a balancer. Throws Failure of the change that the kernel refused, after everything was restored. */
export async function applyXdp(machine: LiveMachine, plan: Plan, signal: AbortSignal): Promise<Applied> {
  const { state, netns, by } = machine;
  const applied = await applyPlan(accessTo(machine), plan, { state, netns, by, signal, whole: true });
  const [failed] = applied.failed;
  if (failed === undefined) return applied;
  const left = (applied.takenBack ?? []).map(({ change, why }) => `${change.subject}: ${why}`).join('; ');
  const what = left === '' ? 'everything is as before' : `not restored: ${left}; run \`locality-tune undo\``;
  throw failure(failed.code, `${failed.message}; ${what}`, 'see docs/xdp.md');
}

export interface DetachedXdp {
  readonly iface: string;
  /** What was attached. */
  readonly was: string;
  /** How many journals record that something was attached. */
  readonly journals: number;
  /** Those that were undone. */
  readonly undone: readonly Undone[];
}

/**
 * Detaches our program, by one message to the kernel, then undoes the journals that attached it and those before it, which
 * restores what they changed besides. Without a program it undoes the journals of one that others detached. Throws Failure
 * foreign-program, no-such-interface, busy, those of setXdpOf: then nothing was changed.
 */
export async function detachXdp(
  machine: LiveMachine,
  iface: string,
  options: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<DetachedXdp> {
  const { state, possible } = await situationOf(machine, iface);
  refuseForeign(state);
  const was = programText(state, possible);
  const journals = journalsWith(machine, iface);
  const found = { iface, was, journals: journals.length };
  if (options.dryRun || (was === NOTHING && journals.length === 0)) return { ...found, undone: [] };
  const own = keyOf(iface);
  const undone = await takeBack(
    machine,
    journals,
    {
      ...UNASKED,
      // Not what each of them has replaced.
      instead: (target) => (settingKey(target) === own ? NOTHING : null),
      signal: options.signal,
    },
    () => setProgram(state, NOTHING, possible),
  );
  // Whether the qdisc was there before is in a journal that is gone: it stays, and does nothing.
  await setEgress(iface, state.ifindex, EGRESS.clsact);
  return { ...found, undone };
}

const keyOf = (nic: string): string => settingKey({ kind: 'xdp', nic });

/** Those of this boot and namespace that changed the interface's program. */
export function journalsWith(machine: LiveMachine, nic: string): readonly ListedJournal[] {
  const key = keyOf(nic);
  return journalsOf(machine).journals.filter(
    ({ place, journal }) =>
      place === 'here' &&
      journal.steps.some(
        ({ outcome, change }) => outcome !== 'restored' && settingKey(change.target) === key,
      ),
  );
}
