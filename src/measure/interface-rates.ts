/** Packets a second through the machine's interfaces, from their own counters. */
import type { Files } from '../system/types.ts';

export interface PacketCounts {
  /** Interface -> packets since it is up; what the driver counts, so GRO and GSO packets as on the wire, mostly. */
  readonly packets: ReadonlyMap<string, { readonly rx: number; readonly tx: number }>;
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
}

export interface PacketRates {
  /** null when there is no interface, or none that was there before. */
  readonly rx: number | null;
  readonly tx: number | null;
}

/**
 * lo and the hardware's interfaces: bonds, VLANs, bridges and tunnels would count the same packets again. In a network
 * namespace without hardware, all that stand on no other.
 */
export function countedInterfaces(files: Files): string[] {
  const entries = (name: string) => files.list(`/sys/class/net/${name}`);
  const names = files.list('/sys/class/net').filter((name) => entries(name).includes('statistics'));
  const hardware = names.filter((name) => entries(name).includes('device'));
  const base = names.filter((name) => !entries(name).some((entry) => entry.startsWith('lower_')));
  return [
    ...new Set([...(hardware.length > 0 ? hardware : base), ...names.filter((name) => name === 'lo')]),
  ].sort();
}

export function readPacketCounts(files: Files): PacketCounts {
  const count = (name: string, direction: string) =>
    Number(files.text(`/sys/class/net/${name}/statistics/${direction}_packets`) ?? 0);
  const packets = countedInterfaces(files).map(
    (name) => [name, { rx: count(name, 'rx'), tx: count(name, 'tx') }] as const,
  );
  return { packets: new Map(packets), at: performance.now() };
}

/** Leaves out interfaces that are new, or whose counter went back. */
export function packetRates(before: PacketCounts, after: PacketCounts): PacketRates {
  const seconds = (after.at - before.at) / 1000;
  const both = Array.from(after.packets, ([name, now]) => ({ now, was: before.packets.get(name) }));
  const rate = (direction: 'rx' | 'tx'): number | null => {
    const grown = both.flatMap(({ now, was }) =>
      was !== undefined && now[direction] >= was[direction] ? [now[direction] - was[direction]] : [],
    );
    if (grown.length === 0 || seconds <= 0) return null;
    return Math.round(grown.reduce((sum, packets) => sum + packets, 0) / seconds);
  };
  return { rx: rate('rx'), tx: rate('tx') };
}
