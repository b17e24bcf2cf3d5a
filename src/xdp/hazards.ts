/**
 * What would make a spread lose packets or do nothing, and what attaching does besides. Each was seen to happen; docs/xdp.md
 * has the figures. Pure.
 */
import { formatCpuMask } from '../host/cpus.ts';
import type { Group } from '../host/types.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import { cpuNames, names } from '../words/phrase.ts';
import { word } from '../words/shell.ts';
import type { Egress } from './egress.ts';
import type { Situation } from './situation.ts';
import { reorders, type Spread } from './spread.ts';

export interface Hazard {
  /** For scripts. */
  readonly code: string;
  readonly message: string;
  /** What to do instead. */
  readonly hint: string;
}

/** A setting to change before the program is attached; undo restores it. */
export type Preparation = {
  readonly from: string;
  readonly to: string;
  readonly why: string;
  readonly command: string;
} & (
  | { readonly kind: 'feature'; readonly feature: string }
  | { readonly kind: 'rps'; readonly queue: number }
);

/** CPUMAP: 4.15; a program in its entries: 5.9, which is what counts losses. Generic mode: 5.15. */
const FLOOR = { native: [5, 9], generic: [5, 15] } as const;
/** Drivers that stop and start their queues, or the link, to attach and detach. */
const RESETS: ReadonlyMap<string, string> = new Map([
  ['igb', 'seen: 1.3 s without carrier'],
  ['vmxnet3', 'seen: carrier lost'],
  ...['i40e', 'ixgbe', 'ice', 'mlx5_core'].map((driver) => [driver, 'from its source; not tried'] as const),
]);
const TX_CHECKSUMS = /^tx-checksum-ip/;
/** Generic XDP switches them off, and detaching leaves them off. */
const SWITCHED_OFF = ['rx-gro-hw', 'rx-lro'] as const;
const RX_VLAN = 'rx-vlan-hw-parse';
/** What BPF programs of a group read that a native redirect sets to 0. */
const LOST_INPUTS: ReadonlySet<string> = new Set(['rxhash', 'queue']);

/** Why it must not be attached; empty: nothing known. @param groups those of its ports */
export function refusals(
  spread: Spread,
  situation: Situation,
  groups: readonly Group[],
  force: boolean,
): readonly Hazard[] {
  return [
    ...tooOld(spread, situation),
    ...offline(spread, situation),
    ...checksums(spread, situation, force),
    ...vlans(spread, situation),
    ...lostInputs(spread, groups),
    ...(spread.tcp && spread.by.way !== 'flow'
      ? [
          {
            code: 'reorders-tcp',
            message: `--by ${spread.by.way} would reorder the segments of TCP connections`,
            hint: 'use --by flow with --tcp',
          },
        ]
      : []),
  ];
}

/** What would lose every packet, of what can be seen of the machine. */
export const losses = (spread: Spread, situation: Situation): readonly Hazard[] => [
  ...tooOld(spread, situation),
  ...checksums(spread, situation, true),
];

function tooOld({ mode }: Spread, { kernel: [major, minor] }: Situation): readonly Hazard[] {
  const [wantsMajor, wantsMinor] = FLOOR[mode];
  if (major > wantsMajor || (major === wantsMajor && minor >= wantsMinor)) return [];
  const wants = `${wantsMajor}.${wantsMinor}`;
  return [
    {
      code: 'kernel-too-old',
      message:
        mode === 'generic'
          ? `this kernel (${major}.${minor}) drops every packet that generic XDP redirects to a CPU: that needs Linux ${wants}`
          : `a spread needs Linux ${wants}; this is ${major}.${minor}`,
      hint: mode === 'generic' ? 'use --mode native, if the driver can' : 'update the kernel',
    },
  ];
}

function offline({ cpus }: Spread, { online, possible }: Situation): readonly Hazard[] {
  const known = new Set(online);
  const missing = cpus.filter((cpu) => !known.has(cpu));
  if (missing.length === 0) return [];
  const never = missing.filter((cpu) => cpu >= possible);
  return [
    {
      code: 'cpu-offline',
      message:
        never.length > 0
          ? `this machine has no ${cpuNames(never)}`
          : `${cpuNames(missing)} ${missing.length > 1 ? 'are' : 'is'} offline: another CPU would handle the packets`,
      hint: `online are ${cpuNames(online)}`,
    },
  ];
}

/** A packet whose checksum its sender left to the hardware has none when a native redirect makes an skb of it again. */
export function checksums(
  { mode }: Pick<Spread, 'mode'>,
  { state, peer }: Pick<Situation, 'state' | 'peer'>,
  force: boolean,
): readonly Hazard[] {
  if (mode !== 'native' || state.kind !== 'veth') return [];
  if (peer === null)
    return force
      ? []
      : [
          {
            code: 'peer-unseen',
            message: `the other end of ${state.name} is in another network namespace. If its TX checksum offload is on, every packet would be dropped for a wrong checksum`,
            hint: 'use --mode generic; or switch it off there (ethtool -K PEER tx off) and add --force',
          },
        ];
  const on = [...peer.features].some(([name, feature]) => TX_CHECKSUMS.test(name) && feature.on);
  if (!on) return [];
  return [
    {
      code: 'peer-checksums',
      message: `TX checksum offload of ${peer.name}, the other end of ${state.name}, is on: every packet would be dropped for a wrong checksum (InCsumErrors)`,
      hint: `use --mode generic, or first: \`ethtool -K ${word(peer.name)} tx off\``,
    },
  ];
}

function vlans({ mode }: Spread, { state, features, vlans }: Situation): readonly Hazard[] {
  const feature = features?.get(RX_VLAN);
  if (mode !== 'native' || vlans.length === 0 || feature?.on !== true || feature.changeable) return [];
  return [
    {
      code: 'vlan-tags',
      message: `${state.name} removes VLAN tags in hardware and cannot stop it. A native redirect loses them, so ${names(vlans)} would receive nothing`,
      hint: 'use --mode generic',
    },
  ];
}

function lostInputs({ mode }: Spread, groups: readonly Group[]): readonly Hazard[] {
  if (mode !== 'native') return [];
  return groups.flatMap(({ id, program }) => {
    const read = program?.asm?.split(/[\s;#]+/).find((each) => LOST_INPUTS.has(each));
    if (read === undefined) return [];
    return [
      {
        code: 'program-loses-input',
        message: `the program of ${id} reads ${read}, which is 0 for every packet after a native redirect: one worker would get them all`,
        hint: 'add --with-program, which attaches one that goes by the CPU, or use --mode generic',
      },
    ];
  });
}

/** Settings that must change first. */
export function preparations({ mode }: Spread, situation: Situation): readonly Preparation[] {
  const nic = word(situation.state.name);
  return [
    ...featurePreparations(mode, situation, []),
    ...situation.rps.map(
      ({ queue, cpus }): Preparation => ({
        kind: 'rps',
        queue,
        from: formatCpuMask(cpus),
        to: '0',
        why: 'RPS would move the redirected packets again, by a hash of 0: all to one CPU.',
        command: `echo 0 > /sys/class/net/${nic}/queues/rx-${queue}/rps_cpus`,
      }),
    ),
  ];
}

/** Of any program that sends packets on. @param others features that must be off besides, and why */
export function featurePreparations(
  mode: XdpMode,
  situation: Situation,
  others: readonly (readonly [feature: string, why: string])[],
): readonly Preparation[] {
  const { state, features } = situation;
  const nic = word(state.name);
  const off = (feature: string, why: string): Preparation => ({
    kind: 'feature',
    feature,
    from: 'on',
    to: 'off',
    why,
    command: `ethtool -K ${nic} ${feature} off`,
  });
  const isOn = (name: string) => features?.get(name)?.on === true;
  return [
    ...(mode === 'generic' ? SWITCHED_OFF : [])
      .filter(isOn)
      .map((feature) =>
        off(feature, 'Generic XDP switches it off and leaves it off; so undo can restore it.'),
      ),
    ...(mode === 'native' && situation.vlans.length > 0 && isOn(RX_VLAN)
      ? [
          off(
            RX_VLAN,
            `A native redirect loses tags that hardware took out; ${names(situation.vlans)} need them.`,
          ),
        ]
      : []),
    ...others.filter(([feature]) => isOn(feature)).map(([feature, why]) => off(feature, why)),
  ];
}

/** What attaching and detaching does besides, and what the spread does not do: to be said before. */
export function sideEffects(spread: Spread, situation: Situation): readonly string[] {
  const { mode, by } = spread;
  const said = [...attachEffects(mode, situation)];
  if (mode === 'native')
    said.push(
      'a native redirect loses the hash and the RX queue of the NIC, and its timestamps: programs by `rxhash` and `queue` see 0',
    );
  if (reorders(by))
    said.push(
      `--by ${by.way} reorders packets of one flow. It is right only for datagrams that do not depend on each other`,
    );
  if (spread.tcp)
    said.push(
      'before Linux 6.15 nothing merges the segments of TCP (GRO) behind a CPUMAP, so bulk transfers cost more CPU',
    );
  return said;
}

/** What attaching and detaching any program does to the interface. */
export function attachEffects(mode: XdpMode, situation: Situation): readonly string[] {
  const { state, driver, channels, online } = situation;
  const native = mode === 'native';
  const resets = driver === null ? undefined : RESETS.get(driver);
  const said: string[] = [];
  if (native && resets !== undefined)
    said.push(
      `${driver} takes the link of ${state.name} down and up again when a program is attached and when it is detached (${resets}): packets are lost`,
    );
  if (native && driver === 'virtio_net' && channels !== null) {
    const { combined } = channels.current;
    const needs = combined + online.length;
    said.push(
      needs <= channels.max.combined
        ? `virtio_net takes ${online.length} more queues for sending: \`ethtool -l ${word(state.name)}\` will show ${needs} combined channels, and \`ethtool -L\` fails until the program is detached`
        : `\`ethtool -L ${word(state.name)}\` fails until the program is detached`,
    );
  }
  if (native && state.kind === 'veth')
    said.push(`segmentation offload (TSO) of the other end of ${state.name} goes off`);
  return said;
}

/** Of a spread that is attached: what has become wrong since. */
export function ailments(spread: Spread, situation: Situation, groups: readonly Group[]): readonly string[] {
  const { name } = situation.state;
  return [
    ...(situation.down ? [`${name} is down, so no packet is spread: \`ip link set ${word(name)} up\``] : []),
    ...refusals(spread, situation, groups, true).map(({ message, hint }) => `${message}; ${hint}`),
    ...preparations(spread, situation).map(
      (each) =>
        `${each.kind === 'rps' ? `RPS is on for rx-${each.queue}` : `${each.feature} is on`}: ${each.why} (${each.command})`,
    ),
  ];
}

/** Why the filter that restores source ports must not be added, or would not run; empty: nothing known. */
export function egressRefusals(name: string, { qdisc, earlier }: Egress): readonly Hazard[] {
  return [
    ...(qdisc === 'ingress'
      ? [
          {
            code: 'no-clsact',
            message: `${name} has an ingress qdisc, which leaves no room for the clsact qdisc that a filter on the way out needs`,
            hint: `what added it must use clsact instead (see \`tc qdisc show dev ${word(name)}\`)`,
          },
        ]
      : []),
    ...(earlier.length > 0
      ? [
          {
            code: 'earlier-programs',
            message: `a BPF program on the way out of ${name} (tcx, id ${earlier.join(', ')}) runs before all filters and may send packets without them: then answers keep the random port and are lost`,
            hint: `see \`bpftool net show dev ${word(name)}\`; xdp spread changes no packets`,
          },
        ]
      : []),
  ];
}

/** Of a random source port with `--restore` that is attached: what has become wrong since. */
export function sportAilments(name: string, egress: Egress): readonly string[] {
  const missing =
    egress.ours === null
      ? [
          `the filter that restores ports is not on the way out of ${name} any more: answers go to ports where nobody listens; locality-tune xdp detach --iface ${word(name)}, then attach again`,
        ]
      : [];
  return [...missing, ...egressRefusals(name, egress).map(({ message, hint }) => `${message}; ${hint}`)];
}
