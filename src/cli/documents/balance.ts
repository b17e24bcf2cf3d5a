/** What `balance` and its subcommands print with --json. */
import type { HealthEvent } from '../../balance/health.ts';
import type { BalanceOutlook } from '../../balance/outlook.ts';
import type { BackendTraffic } from '../../balance/state.ts';
import type { BalanceStatus } from '../../balance/status.ts';
import type { Vip } from '../../balance/types.ts';
import type { Change } from '../../tune/types.ts';
import type { DetachedProgram } from './xdp.ts';

/** `balance` and its subcommands */
export type BalanceDocument =
  | BalancePlanDocument
  | BalanceChangeDocument
  | BalanceStatusDocument
  | BalanceLiveDocument
  | BalanceHealthDocument
  | BalanceDetachDocument;

/** Of `balance check` and `balance plan`. */
interface BalancePlanDocument extends BalanceOutlook {
  readonly schema: 'locality-tune.balance-plan/1';
}

interface BalanceChangeDocument extends BalanceOutlook {
  readonly schema: 'locality-tune.balance-apply/1' | 'locality-tune.balance-remove/1';
  readonly dryRun?: true;
  readonly iface: string;
  readonly changed: boolean;
  /** Its path; null if nothing was changed. */
  readonly journal: string | null;
  readonly changes: readonly Change[];
  readonly warnings: readonly string[];
  /** What is attached at boot. */
  readonly notes: readonly string[];
}

interface BalanceStatusDocument {
  readonly schema: 'locality-tune.balance-status/1';
  readonly balancers: readonly BalancerDocument[];
}

/** One line for each reading. */
interface BalanceLiveDocument {
  readonly schema: 'locality-tune.balance-live/1';
  readonly time: string;
  /** Since the line before; null for the first one. */
  readonly seconds: number | null;
  readonly balancers: readonly BalancerDocument[];
}

interface BalancerDocument extends Omit<BalanceStatus, 'vips'> {
  readonly vips: readonly (Omit<Vip, 'backends'> & {
    /** `tcp 198.51.100.1:443` */
    readonly vip: string;
    readonly backends: readonly BackendTraffic[];
  })[];
}

/** One line for each event. */
interface BalanceHealthDocument extends HealthEvent {
  readonly schema: 'locality-tune.balance-health/1';
  readonly time: string;
}

interface BalanceDetachDocument extends DetachedProgram {
  readonly schema: 'locality-tune.balance-detach/1';
}
