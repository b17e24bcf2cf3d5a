/** What runs on the way out of an interface: its clsact qdisc, and the filter there that restores source ports. */
import { openProgram, programInfo, tcxPrograms, using } from '../system/bpf.ts';
import { errnoCode } from '../system/errors.ts';
import { native } from '../system/native.ts';
import { NETLINK_ROUTE } from '../system/netlink.ts';
import { type Filter, readFilters, readHookQdisc } from '../system/tc.ts';
import { isOwnFilter } from './ours.ts';

export interface Egress {
  /** `clsact`; `ingress`, which leaves no room for it; null for neither. */
  readonly qdisc: string | null;
  /** The filter of `xdp sport --restore`. */
  readonly ours: (Filter & { readonly programId: number }) | null;
  /** Filters of others, of both hooks. */
  readonly others: number;
  /** Programs that run before all filters (tcx), and may decide without them. */
  readonly earlier: readonly number[];
}

const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);

/** Throws SystemError. */
export async function readEgress(ifindex: number): Promise<Egress> {
  const qdisc = await readHookQdisc(ask, ifindex);
  const earlier = tcxPrograms(ifindex);
  if (qdisc !== 'clsact') return { qdisc, ours: null, others: 0, earlier };
  const out = await readFilters(ask, ifindex, 'egress');
  const into = await readFilters(ask, ifindex, 'ingress');
  const ours = out.find(isOurs) ?? null;
  return { qdisc, ours, others: out.length + into.length - (ours === null ? 0 : 1), earlier };
}

function isOurs(filter: Filter): filter is Filter & { readonly programId: number } {
  if (filter.programId === null) return false;
  try {
    return isOwnFilter(using(openProgram(filter.programId), programInfo).tag);
  } catch (error) {
    if (errnoCode(error) === null) throw error;
    return false;
  }
}
