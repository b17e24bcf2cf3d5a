/** To which CPU a spread sends the packets of a flow. */
import { type Cpus, formatCpuList } from '../host/cpus.ts';
import type { Files } from '../system/types.ts';
import { below, hashOf } from './hash.ts';
import { possibleCpus } from './situation.ts';
import { formatBy, type Spread } from './spread.ts';
import { configWords } from './spread-maps.ts';
import { type AttachedProgram, mapValue, readSpread, readTargets, withMapsOf, xdpStates } from './state.ts';

export interface Endpoint {
  /** 4 or 16 bytes, in network order. */
  readonly bytes: Uint8Array;
  readonly port: number;
}

export interface Flow {
  readonly protocol: 'tcp' | 'udp';
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export interface Redirect {
  /** null: decided by what the packet carries. */
  readonly cpu: number | null;
  readonly anyOf: Cpus;
  /** The NIC's hash and queue are lost. */
  readonly native: boolean;
  readonly why: string;
}

/** null: the spread lets it pass. */
export type Redirects = (flow: Flow) => Redirect | null;

/** By interface, those that have a spread. Throws SystemError. */
export async function readRedirects(files: Files): Promise<ReadonlyMap<string, Redirects>> {
  const possible = possibleCpus(files);
  const states = await xdpStates();
  return new Map(
    states.flatMap(({ name, programs }) => {
      const redirects = programs.flatMap((program) => redirectsOf(program, possible) ?? []);
      return redirects.slice(0, 1).map((each) => [name, each] as const);
    }),
  );
}

function redirectsOf(program: AttachedProgram, possible: number): Redirects | null {
  const spread = readSpread(program, possible);
  if (spread === null || program.info === null) return null;
  const { seed, targets } = withMapsOf(program.info, (maps) => ({
    seed: configWords(mapValue(maps, 'configs', 0, possible)).seed,
    targets: readTargets(maps, possible),
  }));
  return redirecting(spread, seed, targets);
}

/** Pure. @param targets the CPU of each slot */
export function redirecting(spread: Spread, seed: number, targets: readonly number[]): Redirects {
  const { by, ports, tcp, mode, cpus } = spread;
  const ours = new Set(ports.map(({ port }) => port));
  const native = mode === 'native';
  const which = `xdp spread, ${mode} mode`;
  return ({ protocol, source, destination }) => {
    if (!ours.has(destination.port) || protocol !== (tcp ? 'tcp' : 'udp')) return null;
    if (by.way !== 'flow')
      return {
        cpu: null,
        anyOf: cpus,
        native,
        why: `${which}: CPUs ${formatCpuList(cpus)}, by ${formatBy(by)}`,
      };
    const words = [folded(source.bytes), folded(destination.bytes), portWord(source.port, destination.port)];
    const slot = below(hashOf(seed, words), targets.length);
    const why = `${which}: of CPUs ${formatCpuList(cpus)}, by addresses and ports`;
    return { cpu: targets[slot] ?? null, anyOf: [], native, why };
  };
}

/** As bpf/packet.h folds an IPv6 address: its 32-bit words, as they are in memory, by xor. */
function folded(address: Uint8Array): number {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  let word = 0;
  for (let at = 0; at < address.length; at += 4) word ^= view.getInt32(at, true);
  return word;
}

/** Both ports as they are in the packet, loaded as one word. */
const portWord = (source: number, destination: number): number =>
  (source >>> 8) | ((source & 0xff) << 8) | ((destination >>> 8) << 16) | ((destination & 0xff) << 24);
