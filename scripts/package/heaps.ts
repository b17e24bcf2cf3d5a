/** How packages start what runs for months, beside servers: with small heaps, which are given back. */
import { NODE_OPTIONS } from '../../src/watch/unit.ts';

/** Command -> options of Node. MALLOC_ARENA_MAX=1 belongs to them. */
export const HEAPS: Readonly<Record<'watch' | 'export', readonly string[]>> = {
  watch: NODE_OPTIONS,
  export: ['--max-semi-space-size=1', '--v8-pool-size=1', '--expose-gc'],
};
