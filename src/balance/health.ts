/** Which backends get packets, by how they answered. Pure. */
import { nameOfVip } from './file.ts';
import type { Backend, FileVip, HealthCheck, Vip } from './types.ts';

/** How a backend is asked. */
export interface Check {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Of UDP. */
  readonly request: Uint8Array | null;
}

/** null: the backends of this VIP are not asked. @param file of the VIPs' checks; null: by TCP where the VIP is */
export function checkOf(vip: Vip, file: readonly FileVip[] | null): Omit<Check, 'address'> | null {
  const name = nameOfVip(vip);
  const asked: HealthCheck | null = file?.find((each) => nameOfVip(each) === name)?.health ?? null;
  const protocol = asked?.protocol ?? (vip.protocol === 'tcp' && vip.port > 0 ? 'tcp' : 'none');
  if (protocol === 'none') return null;
  const request = asked?.request ?? null;
  return {
    protocol,
    port: asked?.port ?? vip.port,
    request: request === null ? null : Buffer.from(request, 'hex'),
  };
}

/** Equal for checks that ask the same. */
export const checkKey = ({ protocol, address, port, request }: Check): string =>
  [protocol, address, port, Buffer.from(request ?? []).toString('hex')].join(' ');

export interface Limits {
  /** Checks in a row that must fail before a backend is taken away. */
  readonly fall: number;
  /** Checks in a row that must succeed before it comes back. */
  readonly rise: number;
  /** Percent of a VIP's weight that stays, however many fail: 1 to 100. */
  readonly keep: number;
}

export interface Health {
  readonly up: boolean;
  /** Checks in a row that say otherwise. */
  readonly against: number;
}

export function judge({ up, against }: Health, answers: boolean, { fall, rise }: Limits): Health {
  if (answers === up) return { up, against: 0 };
  return against + 1 >= (up ? fall : rise) ? { up: !up, against: 0 } : { up, against: against + 1 };
}

export interface HealthEvent {
  /**
   * At the beginning, of a VIP: `watching` or `unchecked`. Of a backend: `down`, it was taken away; `up`, it came back;
   * `kept`, it fails and stays, because too little would be left.
   */
  readonly event: 'watching' | 'unchecked' | 'down' | 'up' | 'kept';
  readonly iface: string;
  readonly vip: string;
  /** null: all of the VIP. */
  readonly backend: string | null;
  readonly why: string;
  /** Rows that have another backend now. */
  readonly moved: number;
  /** As `balance status` shows it. */
  readonly digest: string;
}

export interface Turn {
  /** Addresses of the backends that get no packets. */
  readonly out: ReadonlySet<string>;
  /** Those that fail and get packets all the same, because too few would be left. */
  readonly kept: readonly string[];
}

/**
 * Those that are up come back first. Then those that are down go, in the order of their addresses, so that balancers that
 * see the same do the same, as long as enough of the weight stays.
 * @param out those that get no packets now
 */
export function turnOf(
  backends: readonly Pick<Backend, 'address' | 'weight'>[],
  out: ReadonlySet<string>,
  isUp: (address: string) => boolean,
  { keep }: Pick<Limits, 'keep'>,
): Turn {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  const gone = new Set(
    backends.flatMap(({ address }) => (out.has(address) && !isUp(address) ? [address] : [])),
  );
  let left = backends.reduce((sum, { address, weight }) => sum + (gone.has(address) ? 0 : weight), 0);
  const kept: string[] = [];
  const failing = backends.filter(({ address }) => !gone.has(address) && !isUp(address));
  for (const { address, weight } of failing.toSorted((a, b) => (a.address < b.address ? -1 : 1))) {
    if (weight === 0) continue;
    if (100 * (left - weight) < keep * total) kept.push(address);
    else {
      gone.add(address);
      left -= weight;
    }
  }
  return { out: gone, kept };
}
