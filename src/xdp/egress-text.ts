/** What runs on the way out of an interface, as a journal has it. Without the programs, which are large. */
import type { Egress } from './egress.ts';

/** As a value of a setting: is there clsact, and is our filter there? */
export const EGRESS = { none: 'none', clsact: 'clsact', restore: 'clsact restore' } as const;

export const egressText = ({ qdisc, ours }: Egress): string =>
  ours !== null ? EGRESS.restore : qdisc === 'clsact' ? EGRESS.clsact : EGRESS.none;
