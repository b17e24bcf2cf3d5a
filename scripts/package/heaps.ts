/** How packages start what runs for long, beside servers: with small heaps. Those of daemons are given back, too. */
import { NODE_OPTIONS } from '../../src/watch/unit.ts';

/** Command -> options of Node. MALLOC_ARENA_MAX=1 belongs to them. */
export const HEAPS: Readonly<Record<'watch' | 'export' | 'live', readonly string[]>> = {
  watch: NODE_OPTIONS,
  export: ['--max-semi-space-size=1', '--v8-pool-size=1', '--expose-gc'],
  live: ['--max-semi-space-size=4'],
};
