/** The balancer of an interface, read from the kernel, which is the only state. */
import { keysOf, lookUpMap } from '../system/bpf.ts';
import { perCpu, sum } from '../xdp/spread-maps.ts';
import { type AttachedProgram, mapValue, type OpenMaps, withMapsOf } from '../xdp/state.ts';
import { digestOf } from './digest.ts';
import { nameOfVip } from './file.ts';
import { type PlacedIn, vipKey } from './fill.ts';
import { type AttachedVip, type InForce, inOrder } from './in-force.ts';
import { backendIn, COUNTER, configIn, type Link, tableIn, trafficIn, vipIn } from './maps.ts';
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

export interface VipTraffic {
  readonly vip: AttachedVip;
  readonly name: string;
  readonly backends: readonly (AttachedVip['backends'][number] & {
    readonly rows: number;
    readonly packets: number;
    readonly bytes: number;
  })[];
}

export type Counters = Readonly<Record<keyof typeof COUNTER, number>>;

export interface BalanceTraffic {
  /** Of the rows that are in the kernel now. */
  readonly digest: string;
  readonly vips: readonly VipTraffic[];
  readonly counters: Counters;
}

/** Throws SystemError. @param possible number of possible CPUs */
export function readTraffic(
  { info }: AttachedProgram,
  attached: Attached,
  possible: number,
): BalanceTraffic | null {
  if (info === null) return null;
  const { inForce, placed, tables } = attached;
  return withMapsOf(info, (maps) => {
    const read = inForce.vips.map((vip) => {
      const key = vipKey(vip);
      const indices = vip.backends.map(
        ({ address }) =>
          placed.find((each) => each.vip === key && each.backend.address === address)?.index ?? 0,
      );
      const table: Table = tableIn(mapValue(maps, 'tables', tables.get(key) ?? 0, possible), indices);
      const counts = rowCounts(table, vip);
      return {
        table,
        traffic: {
          vip,
          name: nameOfVip(vip),
          backends: vip.backends.map((backend, at) => ({
            ...backend,
            rows: counts[at] ?? 0,
            ...trafficIn(mapValue(maps, 'traffic', indices[at] ?? 0, possible)),
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
      counters: Object.fromEntries(
        Object.entries(COUNTER).map(([name, index]) => [name, count(index)]),
      ) as unknown as Counters,
    };
  });
}
