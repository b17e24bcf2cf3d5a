/** What is attached to an interface now: read from the kernel, which is the only state. */
import {
  closeDescriptor,
  key32,
  lookUpMap,
  MAP_TYPE,
  type MapInfo,
  mapInfo,
  openMap,
  openProgram,
  type ProgramInfo,
  programInfo,
  using,
  valueBytes,
} from '../system/bpf.ts';
import { errnoCode, isErrno } from '../system/errors.ts';
import { native } from '../system/native.ts';
import { NETLINK_ROUTE } from '../system/netlink.ts';
import { type AttachedXdp, readLink, readLinks, type XdpLink } from '../system/xdp-link.ts';
import { type Own, recogniseTag } from './ours.ts';
import { formatSport, type Sport, sportIn } from './sport.ts';
import { formatSpread, type Spread } from './spread.ts';
import { spreadIn } from './spread-maps.ts';

export interface AttachedProgram extends AttachedXdp {
  /** null: it may not be read (EPERM), or it has gone meanwhile. */
  readonly info: ProgramInfo | null;
  /** null: not ours. */
  readonly own: Own | null;
}

export interface XdpState extends Omit<XdpLink, 'xdp'> {
  readonly programs: readonly AttachedProgram[];
}

const ask = (request: Uint8Array) => native().netlinkRequest(NETLINK_ROUTE, request);

/** Every interface of this network namespace. Throws SystemError. */
export const xdpStates = async (): Promise<readonly XdpState[]> => (await readLinks(ask)).map(stateOf);

/** null if there is no such interface. Throws SystemError. */
export async function xdpState(ifindex: number): Promise<XdpState | null> {
  try {
    const link = await readLink(ask, ifindex);
    return link === null ? null : stateOf(link);
  } catch (error) {
    if (isErrno(error, 'ENODEV')) return null;
    throw error;
  }
}

const stateOf = ({ xdp, ...link }: XdpLink): XdpState => ({
  ...link,
  programs: xdp.map((attached) => {
    const info = readInfo(attached.programId);
    return { ...attached, info, own: info === null ? null : recogniseTag(info.tag) };
  }),
});

function readInfo(id: number): ProgramInfo | null {
  try {
    return using(openProgram(id), programInfo);
  } catch (error) {
    if (errnoCode(error) === null) throw error;
    return null;
  }
}

/** The maps of a program, by name. */
export type OpenMaps = ReadonlyMap<string, MapInfo & { readonly fd: number }>;

/** Calls `act` with the maps of a program, and closes them. Throws SystemError. */
export function withMapsOf<T>({ mapIds }: ProgramInfo, act: (maps: OpenMaps) => T): T {
  const open: number[] = [];
  try {
    for (const id of mapIds) open.push(openMap(id));
    return act(
      new Map(
        open.map((fd) => {
          const info = mapInfo(fd);
          return [info.name, { ...info, fd }];
        }),
      ),
    );
  } finally {
    for (const fd of open) closeDescriptor(fd);
  }
}

/** One value of a map; of a per-CPU map, of all possible CPUs. Throws SystemError ENOENT; TypeError: no such map. */
export function mapValue(maps: OpenMaps, name: string, key: number, possible: number): Uint8Array {
  const map = maps.get(name);
  if (map === undefined) throw new TypeError(`the program has no map ${name}`);
  return lookUpMap(map.fd, key32(key), valueBytes(map, possible));
}

/** What a spread's maps say; null if they do not fit. @param possible number of possible CPUs */
export function readSpread({ own, info, mode }: AttachedProgram, possible: number): Spread | null {
  if (own?.command !== 'spread' || info === null || mode === 'offload') return null;
  return withMapsOf(info, (maps) => {
    const targets = readTargets(maps, possible);
    return spreadIn({
      way: own.way,
      mode,
      config: mapValue(maps, 'configs', 0, possible),
      kinds: mapValue(maps, 'ports', 0, possible),
      targets,
      queue: queueOf(maps, targets[0], possible),
    });
  });
}

/** The CPU of each slot of a spread. */
export const readTargets = (maps: OpenMaps, possible: number): readonly number[] =>
  Array.from({ length: maps.get('targets')?.entries ?? 0 }, (_, slot) =>
    word(mapValue(maps, 'targets', slot, possible)),
  );

/** What the maps of a random source port say; null if it is none. */
export function readSport({ own, info, mode }: AttachedProgram): Sport | null {
  if (own?.command !== 'sport' || info === null || mode === 'offload') return null;
  return withMapsOf(info, (maps) =>
    sportIn(mapValue(maps, 'configs', 0, 1), mapValue(maps, 'ports', 0, 1), {
      mode,
      restore: own.way === 'restore',
    }),
  );
}

/** The kernel answers a CPUMAP with the queue's size and the id of the entry's program. */
function queueOf(maps: OpenMaps, cpu: number | undefined, possible: number): number | null {
  if (cpu === undefined || maps.get('cpus')?.type !== MAP_TYPE.cpumap) return null;
  try {
    return word(mapValue(maps, 'cpus', cpu, possible));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

const word = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);

export const NOTHING = 'none';

/** One line that says what is attached: `none`, the text of a spread, or the name, id and tag of another program. */
export function textOf({ programs }: XdpState, possible: number): string {
  const [program] = programs;
  if (program === undefined) return NOTHING;
  const spread = readSpread(program, possible);
  if (spread !== null) return formatSpread(spread);
  const sport = readSport(program);
  return sport === null ? describe(program) : formatSport(sport);
}

/** `program xdp_filter, id 15, tag 3b18…, uid 0`. */
export function describe({ programId, info, mode }: AttachedProgram): string {
  if (info === null) return `program id ${programId}, ${mode}`;
  return `program ${info.name || '(unnamed)'}, id ${programId}, tag ${info.tag}, uid ${info.uid}, ${mode}`;
}
