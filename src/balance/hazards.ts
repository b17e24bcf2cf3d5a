/** What would make a balancer lose packets, and what attaching does besides. docs/balancing.md has the figures. Pure. */
import type { XdpMode } from '../system/xdp-link.ts';
import { word } from '../words/shell.ts';
import {
  attachEffects,
  checksums,
  featurePreparations,
  type Hazard,
  type Preparation,
} from '../xdp/hazards.ts';
import type { Situation } from '../xdp/situation.ts';
import type { Vip } from './types.ts';

const GRO = 'rx-gro';
/** Bytes. With limits as high as this no packet was lost. */
const AMPLE = 1_000_000;

/** Why it must not be attached; empty: nothing known. @param force the other end of a veth is known to be right */
export function refusals(
  mode: XdpMode,
  situation: Pick<Situation, 'state' | 'peer'>,
  force: boolean,
): readonly Hazard[] {
  const { state, peer } = situation;
  if (mode !== 'native' || state.kind !== 'veth') return [];
  if (peer === null)
    return force
      ? []
      : [
          {
            code: 'peer-unseen',
            message: `the other end of ${state.name} is in another network namespace. Without an XDP program there, it would drop every packet that the balancer sends`,
            hint: 'use --mode generic; or attach a program there, switch TX checksum offload off, and add --force',
          },
        ];
  if (!peer.hasXdp)
    return [
      {
        code: 'peer-without-xdp',
        message: `${peer.name}, the other end of ${state.name}, has no XDP program, so it would drop every packet that the balancer sends`,
        hint: 'use --mode generic',
      },
    ];
  return checksums({ mode }, situation, force);
}

const wraps = (vips: readonly Vip[]): boolean =>
  vips.some(({ backends }) => backends.some(({ via }) => via === 'ipip'));

/** Settings that must change first. */
export const preparations = (
  mode: XdpMode,
  vips: readonly Vip[],
  situation: Situation,
): readonly Preparation[] =>
  featurePreparations(
    mode,
    situation,
    mode === 'generic' && wraps(vips)
      ? [[GRO, 'GRO merges segments before generic XDP, and a merged one cannot be put into an IP packet.']]
      : [],
  );

/** To be said before. */
export function sideEffects(mode: XdpMode, vips: readonly Vip[], situation: Situation): readonly string[] {
  const said = [...attachEffects(mode, situation), ...byteLimits(mode, situation)];
  const mtu = situation.state.mtu;
  if (wraps(vips) && mtu !== null)
    said.push(
      `ipip makes packets 20 bytes longer, 40 with IPv6. Those that then exceed the MTU of ${mtu} are dropped and counted, so let the backends announce a smaller MSS (ip route … advmss)`,
    );
  return said;
}

/**
 * generic_xdp_tx drops what a stopped TX queue does not take. Until Linux 5.19 (1fd6e5675336) a queue counts as stopped
 * if its byte queue limit is reached, too, which is usual under load.
 */
function byteLimits(
  mode: XdpMode,
  { state, kernel: [major, minor], byteLimit }: Situation,
): readonly string[] {
  const isFixed = major > 5 || (major === 5 && minor >= 19);
  if (mode !== 'generic' || isFixed || byteLimit === null || byteLimit >= AMPLE) return [];
  return [
    `before Linux 5.19 generic mode drops packets when a byte queue limit (BQL) stops a TX queue; \`locality-tune xdp drops\` counts them. Use native mode, or raise the limits: for each in /sys/class/net/${word(state.name)}/queues/tx-*; do echo ${AMPLE} > $each/byte_queue_limits/limit_min; done`,
  ];
}
