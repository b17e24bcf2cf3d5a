/** What may be missing in an interval. */
import type { Interval } from './types.ts';

export const incompleteness = ({ lost, full }: Interval): string[] => [
  ...(lost > 0 ? [`events that bpftrace lost: ${lost}`] : []),
  ...full.map((map) => `@${map} is full, so counts are missing; filter with --port or --pid`),
];
