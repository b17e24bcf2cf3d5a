/** The balancer of an interface, read from the kernel, which is the only state. */
import { keysOf, lookUpMap, type ProgramInfo } from '../system/bpf.ts';
import { perCpu, sum } from '../xdp/spread-maps.ts';
import { type AttachedProgram, mapValue, type OpenMaps, withMapsOf } from '../xdp/state.ts';
import { digestOf } from './digest.ts';
import { nameOfVip } from './file.ts';
import { type PlacedIn, vipKey } from './fill.ts';
import { type AttachedBackend, type AttachedVip, type InForce, inOrder } from './in-force.ts';
import { backendIn, COUNTER, configIn, type Link, type Placed, tableIn, trafficIn, vipIn } from './maps.ts';
import { outOfService } from './out-of-service.ts';
import { rowCounts, type Table } from './table.ts';

export interface Attached {
  readonly inForce: InForce;
  readonly link: Pick<Link, 'mac' | 'mtu'>;
  readonly placed: readonly PlacedIn[];
  /** Which table is whose. */
  readonly tables: ReadonlyMap<string, number>;
}

/** null: no balancer of ours. Throws SystemError. @param possible number of possible CPUs */
export function readAttached({ own, info, mode }: AttachedProgram, possible: number): Attached | null {
  if (own?.command !== 'balance' || info === null || mode === 'offload') return null;
  return withMapsOf(info, (maps) => {
    const config = configIn(mapValue(maps, 'configs', 0, possible));
    const keys = vipsIn(maps);
    const backends = Array.from({ length: maps.get('backends')?.entries ?? 0 }, (_, index) =>
      backendIn(mapValue(maps, 'backends', index, possible), index),
    ).filter((each) => each !== null);
    const vips = keys.map(
      ({ vip, table }): AttachedVip => ({
        ...vip,
        backends: backends.filter((each) => each.table === table).map(({ backend }) => backend),
      }),
    );
    const names = new Map(keys.map(({ vip, table }) => [table, vipKey(vip)]));
    return {
      inForce: {
        mode,
        seed: config.seed,
        flowCache: maps.get('flows')?.entries ?? null,
        vips: inOrder(vips),
      },
      link: config,
      placed: backends.flatMap((each) => {
        const vip = names.get(each.table);
        return vip === undefined ? [] : [{ ...each, vip }];
      }),
      tables: new Map(keys.map(({ vip, table }) => [vipKey(vip), table])),
    };
  });
}

function vipsIn(maps: OpenMaps) {
  const map = maps.get('vips');
  if (map === undefined) return [];
  return keysOf(map.fd, map).flatMap((key) => {
    const vip = vipIn(key);
    if (vip === null) return [];
    const value = lookUpMap(map.fd, key, map.valueSize);
    return [{ vip, table: new DataView(value.buffer).getUint32(0, true) }];
  });
}

/** Places in the map, in the order of the VIP's backends. */
export function placesOf({ placed }: Pick<Attached, 'placed'>, vip: AttachedVip): readonly Placed[] {
  const key = vipKey(vip);
  const its = new Map(
    placed.flatMap((each) => (each.vip === key ? [[each.backend.address, each] as const] : [])),
  );
  return vip.backends.flatMap(({ address }) => its.get(address) ?? []);
}

export const tableAt = ({ tables }: Pick<Attached, 'tables'>, vip: AttachedVip): number =>
  tables.get(vipKey(vip)) ?? 0;

/** The rows of a VIP that are in the kernel now. Throws SystemError. @param possible number of possible CPUs */
export function readTable(maps: OpenMaps, attached: Attached, vip: AttachedVip, possible: number): Table {
  const indices = placesOf(attached, vip).map(({ index }) => index);
  return tableIn(mapValue(maps, 'tables', tableAt(attached, vip), possible), indices);
}

export interface VipTraffic {
  readonly vip: AttachedVip;
  readonly name: string;
  readonly backends: readonly BackendTraffic[];
}

export interface BackendTraffic extends AttachedBackend {
  readonly rows: number;
  /** Has it no rows although it has a weight? A health check took it away. */
  readonly out: boolean;
  /** Since it was attached here. */
  readonly packets: number;
  /** Of Ethernet frames. */
  readonly bytes: number;
}

/** Packets. */
export interface Counters {
  readonly balanced: number;
  /** Of them, ICMP errors. */
  readonly errors: number;
  /** Of them, by the flow cache. */
  readonly cached: number;
  /** Left to this machine: echo requests, fragments, too short ones, other ICMP messages. */
  readonly echo: number;
  readonly fragments: number;
  readonly short: number;
  readonly others: number;
  /** Dropped: longer than the MTU in an outer packet. */
  readonly tooBig: number;
  /** Dropped: no backend for them. */
  readonly noBackend: number;
}

export interface BalanceTraffic {
  /** Of the rows that are in the kernel now. */
  readonly digest: string;
  readonly vips: readonly VipTraffic[];
  readonly counters: Counters;
}

/** Packets of each backend since it was attached, and nothing that costs more. Throws SystemError. */
export const readPackets = (
  info: ProgramInfo,
  attached: Attached,
  possible: number,
): readonly { readonly address: string; readonly packets: number }[] =>
  withMapsOf(info, (maps) =>
    attached.placed.map(({ index, backend: { address } }) => ({
      address,
      packets: trafficIn(mapValue(maps, 'traffic', index, possible)).packets,
    })),
  );

/** Throws SystemError. @param possible number of possible CPUs */
export function readTraffic(
  { info }: AttachedProgram,
  attached: Attached,
  possible: number,
): BalanceTraffic | null {
  if (info === null) return null;
  const { inForce } = attached;
  return withMapsOf(info, (maps) => {
    const read = inForce.vips.map((vip) => {
      const places = placesOf(attached, vip);
      const table = readTable(maps, attached, vip, possible);
      const counts = rowCounts(table, vip);
      const out = outOfService(vip, inForce.seed, counts);
      return {
        table,
        traffic: {
          vip,
          name: nameOfVip(vip),
          backends: vip.backends.map((backend, at) => ({
            ...backend,
            rows: counts[at] ?? 0,
            out: out.has(backend.address),
            ...trafficIn(mapValue(maps, 'traffic', places[at]?.index ?? 0, possible)),
          })),
        },
      };
    });
    const count = (index: number) => sum(perCpu(mapValue(maps, 'counters', index, possible)));
    return {
      digest: digestOf(
        inForce.seed,
        read.map(({ table, traffic: { vip } }) => ({ vip, table })),
      ),
      vips: read.map(({ traffic }) => traffic),
      counters: {
        balanced: count(COUNTER.balanced),
        errors: count(COUNTER.errors),
        cached: count(COUNTER.cached),
        echo: count(COUNTER.echo),
        fragments: count(COUNTER.fragments),
        short: count(COUNTER.short),
        others: count(COUNTER.others),
        tooBig: count(COUNTER.tooBig),
        noBackend: count(COUNTER.noBackend),
      },
    };
  });
}
