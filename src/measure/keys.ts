/** The number of entries in a probe's maps. */
import { cpus } from 'node:os';
import { parseCpuList } from '../host/cpus.ts';
import { openFiles } from '../system/files.ts';

/** An entry takes about a hundred bytes of kernel memory. */
const FEWEST_PAIRS = 16_384;

/**
 * By hash every worker gets packets of every receiving CPU: with a worker per CPU, the number of pairs is the square of
 * the CPUs.
 */
export const pairKeys = (): number => Math.max(FEWEST_PAIRS, 2 * cpus().length ** 2);

/** Kernel memory for one map, in bytes: each entry takes 8 for every possible CPU. */
const MAP_BYTES = 128 * 1024 * 1024;
/** skb.tracepoint.bt alone uses 4,096. */
const FEWEST_SKB_KEYS = 8_192;

/** Room for every pair of CPUs, up to 256 CPUs; beyond, as many as fit. */
export const skbKeys = (possible = possibleCpus()): number =>
  Math.max(FEWEST_SKB_KEYS, Math.min(possible * (possible + 1), Math.floor(MAP_BYTES / (8 * possible))));

/** Possible CPUs of this machine, by which the kernel sizes per-CPU maps. */
const possibleCpus = (): number =>
  (parseCpuList(openFiles('/').text('/sys/devices/system/cpu/possible') ?? '')?.at(-1) ?? 0) + 1;
