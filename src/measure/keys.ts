/** How many entries a probe's maps have room for. */
import { cpus } from 'node:os';
import { parseCpuList } from '../host/cpus.ts';
import { openFiles } from '../system/files.ts';

/** An entry takes about a hundred bytes of kernel memory. */
const FEWEST_PAIRS = 16_384;

/** By hash every worker meets every receiving CPU: as many pairs as the square of the CPUs, with a worker on each. */
export const pairKeys = (): number => Math.max(FEWEST_PAIRS, 2 * cpus().length ** 2);

/** Bytes of kernel memory that one map may take: each entry has 8 for every possible CPU. */
const MAP_BYTES = 128 * 1024 * 1024;
/** skb.tracepoint.bt alone uses 4,096. */
const FEWEST_SKB_KEYS = 8_192;

/** Room for every pair of CPUs, up to 256 of them; beyond, for as many as fit. */
export const skbKeys = (possible = possibleCpus()): number =>
  Math.max(FEWEST_SKB_KEYS, Math.min(possible * (possible + 1), Math.floor(MAP_BYTES / (8 * possible))));

/** CPUs that may ever be online here, by which the kernel sizes per-CPU maps. */
const possibleCpus = (): number =>
  (parseCpuList(openFiles('/').text('/sys/devices/system/cpu/possible') ?? '')?.at(-1) ?? 0) + 1;
