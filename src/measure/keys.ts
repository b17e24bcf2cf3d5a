/** How much room a probe's maps get. */
import { cpus } from 'node:os';

/** Bytes of kernel memory for an entry are about a hundred. */
const LEAST = 16_384;

/** By hash every worker meets every receiving CPU: as many pairs as the square of the CPUs, with a worker on each. */
export const pairKeys = (): number => Math.max(LEAST, 2 * cpus().length ** 2);
