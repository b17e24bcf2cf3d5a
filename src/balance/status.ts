/** The balancers that are attached here: what they have counted, and what has become wrong. */
import { type Failure, failure } from '../system/errors.ts';
import type { Neighbour } from '../system/neighbours.ts';
import type { Files } from '../system/types.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import { word } from '../words/shell.ts';
import { possibleCpus, readPeer } from '../xdp/situation.ts';
import { type XdpState, xdpStates } from '../xdp/state.ts';
import { refusals } from './hazards.ts';
import { neighboursNow } from './link.ts';
import { outlookOf, seeded } from './outlook.ts';
import { type Attached, type BalanceTraffic, readAttached, readTraffic } from './state.ts';
import type { Balancer } from './types.ts';

export interface AttachedTo {
  readonly iface: string;
  readonly state: XdpState;
  readonly attached: Attached;
}

/** At least one balancer of this network namespace. Throws Failure no-such-interface, no-balancer, EPERM; SystemError. */
export async function balancersOf(files: Files, iface: string | null): Promise<readonly AttachedTo[]> {
  const found = attachedAmong(await xdpStates(), files, iface);
  if (found.length === 0) throw noBalancer(iface);
  return found;
}

/** @param iface the one that was asked about; null: all */
export const noBalancer = (iface: string | null): Failure =>
  failure(
    'no-balancer',
    iface === null ? 'no interface here has a balancer' : `${iface} has no balancer`,
    'attach one: locality-tune balance apply FILE --iface IF',
  );

/** Throws Failure no-such-interface, EPERM. @param states of every interface */
function attachedAmong(
  states: readonly XdpState[],
  files: Files,
  iface: string | null,
): readonly AttachedTo[] {
  const possible = possibleCpus(files);
  if (iface !== null && !states.some(({ name }) => name === iface))
    throw failure('no-such-interface', `--iface ${iface}: no such interface`, 'see `ip link`');
  const found = states.flatMap((state): readonly AttachedTo[] => {
    const [program] = state.programs;
    if (program === undefined || (iface !== null && state.name !== iface)) return [];
    const attached = readAttached(program, possible);
    return attached === null ? [] : [{ iface: state.name, state, attached }];
  });
  if (found.length > 0) return found;
  const unread = states.find(
    ({ name, programs }) => (iface === null || name === iface) && programs.some(({ info }) => info === null),
  );
  if (unread !== undefined)
    throw failure('EPERM', `the XDP program of ${unread.name} cannot be read`, 'run it as root');
  return [];
}

export const severalBalancers = (found: readonly AttachedTo[]): Failure =>
  failure(
    'several-balancers',
    `several interfaces have a balancer: ${found.map(({ iface }) => iface).join(', ')}`,
    'name one with --iface',
  );

export interface BalanceStatus extends BalanceTraffic {
  readonly iface: string;
  readonly mode: XdpMode;
  readonly flowCache: number | null;
  readonly program: { readonly id: number; readonly name: string | null; readonly tag: string | null };
  /** What has become wrong since it was attached, and what differs from the file. */
  readonly warnings: readonly string[];
}

/** Empty if there is no balancer. Throws Failure no-such-interface, EPERM; SystemError. @param file to compare with; null: none */
export async function balanceStatus(
  files: Files,
  iface: string | null,
  file: Balancer | null,
): Promise<readonly BalanceStatus[]> {
  const possible = possibleCpus(files);
  const states = await xdpStates();
  const found = attachedAmong(states, files, iface);
  const neighbours = await neighboursNow();
  const all = await Promise.all(
    found.map(async ({ iface: name, state, attached }): Promise<BalanceStatus | null> => {
      const [program] = state.programs;
      const traffic = program === undefined ? null : readTraffic(program, attached, possible);
      if (program === undefined || traffic === null) return null;
      return {
        iface: name,
        mode: attached.inForce.mode,
        flowCache: attached.inForce.flowCache,
        program: {
          id: program.programId,
          name: program.info?.name ?? null,
          tag: program.info?.tag ?? null,
        },
        ...traffic,
        warnings: [
          ...(await lossesOf(state, attached, states)),
          ...linkChanges(files, state, attached),
          ...strayBackends(state, attached, neighbours),
          ...outWords(traffic),
          ...differences(traffic, attached, file),
        ],
      };
    }),
  );
  return all.filter((each) => each !== null);
}

/** What loses every packet by now: the other end of a veth may have changed since. */
async function lossesOf(
  state: XdpState,
  { inForce: { mode } }: Attached,
  states: readonly XdpState[],
): Promise<readonly string[]> {
  if (mode !== 'native' || state.kind !== 'veth') return [];
  const peer = await readPeer(state, states);
  return refusals(mode, { state, peer }, true).map(({ message, hint }) => `${message}: ${hint}`);
}

function linkChanges(files: Files, { name, mac, mtu }: XdpState, { link }: Attached): readonly string[] {
  const again = 'run `locality-tune balance apply` again';
  return [
    ...(files.text(`/sys/class/net/${name}/operstate`)?.trim() === 'down'
      ? [`${name} is down, so no packet is balanced: \`ip link set ${word(name)} up\``]
      : []),
    ...(mac === link.mac
      ? []
      : [`${name} has another MAC address now (${mac ?? 'none'}), so no packet is balanced; ${again}`]),
    ...(link.mtu === null || mtu === link.mtu
      ? []
      : [`the MTU of ${name} is ${mtu} now, not ${link.mtu}; ${again}`]),
  ];
}

/** The health of a backend is asked at its address; packets go to the MAC address that was found when it was attached. */
function strayBackends(
  { name, ifindex }: XdpState,
  { inForce }: Attached,
  neighbours: readonly Neighbour[],
): readonly string[] {
  const macs = new Map(
    neighbours.filter((each) => each.ifindex === ifindex).map((each) => [each.address, each.mac]),
  );
  const backends = inForce.vips.flatMap((vip) => vip.backends.filter(({ via }) => via === 'mac'));
  const strays = new Map(
    backends.map(({ address, mac }) => [address, [mac, macs.get(address) ?? mac]] as const),
  );
  return [...strays].flatMap(([address, [mac, is]]) =>
    mac === is
      ? []
      : [
          `packets for ${address} go to ${mac}, and its MAC address on ${name} is ${is} now; run \`locality-tune balance apply\` again`,
        ],
  );
}

const outWords = ({ vips }: BalanceTraffic): readonly string[] =>
  vips.flatMap(({ name, backends }) =>
    backends
      .filter(({ out }) => out)
      .map(
        ({ address }) =>
          `${name}: a health check took ${address} away, so it gets no new flows until \`locality-tune balance health\` sees it answer`,
      ),
  );

function differences(
  { digest, vips }: BalanceTraffic,
  { inForce }: Attached,
  file: Balancer | null,
): readonly string[] {
  if (file === null) return [];
  const wanted = outlookOf(seeded(file), null);
  const said: string[] = [];
  const is = new Map(vips.map((each) => [each.name, each]));
  for (const { vip: name, backends } of wanted.vips) {
    const now = is.get(name);
    if (now === undefined) said.push(`${name} is in the file and is not balanced`);
    else {
      const has = new Map(now.backends.map((each) => [each.address, each]));
      for (const { address, weight } of backends) {
        const found = has.get(address);
        if (found === undefined) said.push(`${name}: backend ${address} is in the file and gets no packets`);
        else if (found.weight !== weight)
          said.push(`${name}: backend ${address} has weight ${found.weight}; in the file it has ${weight}`);
      }
      for (const { address } of now.backends)
        if (!backends.some((each) => each.address === address))
          said.push(`${name}: backend ${address} gets packets and is not in the file`);
    }
  }
  for (const { name } of vips)
    if (!wanted.vips.some(({ vip }) => vip === name)) said.push(`${name} is balanced and is not in the file`);
  const isWhole = vips.every(({ backends }) => backends.every(({ out }) => !out));
  if (said.length === 0 && isWhole && digest !== wanted.digest)
    said.push(`the digest is ${digest}; of the file it is ${wanted.digest}: its seed differs`);
  if (inForce.flowCache !== file.flowCache)
    said.push(
      `the flow cache has ${inForce.flowCache ?? 0} places; in the file it has ${file.flowCache ?? 0}`,
    );
  return said;
}
