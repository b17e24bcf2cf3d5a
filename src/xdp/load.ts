/** Makes the maps of an image, fills them, and loads its programs. Throws SystemError. */
import {
  ATTACH_CPUMAP,
  createMap,
  loadProgram,
  type MapSpec,
  mapInfo,
  openMap,
  openProgram,
  PROGRAM_TYPE,
  programInfo,
  updateMap,
  using,
} from '../system/bpf.ts';
import { type Image, type ImageProgram, type Section, withMaps } from './image.ts';
import type { Loading } from './order.ts';

/**
 * Returns the descriptor of the program to attach. All maps are filled before it can run, because an empty CPUMAP passes
 * everything. Maps and programs live as long as a program that is attached refers to them.
 */
export function load({ image, name, sizes, entries, inherits, ...order }: Loading): number {
  const section: Section = order.section ?? 'xdp';
  const specs = image.maps.map((map) => ({ ...map, entries: map.entries || (sizes[map.name] ?? 0) }));
  const old = inherits === undefined ? [] : mapsOf(inherits);
  const maps = specs.map((spec) => old.find(({ info }) => isSame(info, spec))?.fd ?? createMap(spec));
  const loaded = new Map(
    programsFor(image, section).map((program) => [program.section, loadOne(program, name, maps)] as const),
  );
  for (const { map, keys, values, runs } of entries) {
    const index = image.maps.findIndex((each) => each.name === map);
    const [fd, spec] = [maps[index], image.maps[index]];
    if (fd === undefined || spec === undefined) throw new TypeError(`the image has no map ${map}`);
    const key = Buffer.from(keys, 'base64');
    const value = Buffer.from(values, 'base64');
    const count = key.length / spec.keySize;
    const size = value.length / count;
    for (let at = 0; at < count; at++) {
      const each = value.subarray(at * size, (at + 1) * size);
      if (runs) each.writeInt32LE(loaded.get('cpumap') ?? -1, size - 4);
      updateMap(fd, key.subarray(at * spec.keySize, (at + 1) * spec.keySize), each);
    }
  }
  const program = loaded.get(section);
  if (program === undefined) throw new TypeError(`the image has no program for ${section}`);
  return program;
}

/** A program for XDP needs those of its CPUMAP's entries. */
const programsFor = ({ programs }: Image, section: Section): readonly ImageProgram[] =>
  programs.filter((each) => each.section === section || (section === 'xdp' && each.section === 'cpumap'));

/** The process that loads ends after it, which closes what is open. */
function mapsOf({ programId, maps }: NonNullable<Loading['inherits']>) {
  const { mapIds } = using(openProgram(programId), programInfo);
  return mapIds
    .map(openMap)
    .map((fd) => ({ fd, info: mapInfo(fd) }))
    .filter(({ info }) => maps.includes(info.name));
}

const isSame = (one: MapSpec, other: MapSpec): boolean =>
  (['name', 'type', 'keySize', 'valueSize', 'entries'] as const).every(
    (field) => one[field] === other[field],
  );

function loadOne(program: ImageProgram, name: string, maps: readonly number[]): number {
  return loadProgram({
    name,
    type: program.section === 'tc' ? PROGRAM_TYPE.schedCls : PROGRAM_TYPE.xdp,
    attachType: program.section === 'cpumap' ? ATTACH_CPUMAP : 0,
    instructions: withMaps(program, maps),
  });
}
