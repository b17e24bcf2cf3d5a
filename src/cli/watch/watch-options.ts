/** What the parts of `locality-tune watch` share. */
import type { ListenAddress } from '../../export/address.ts';
import type { Schedule } from '../../export/sampler.ts';
import type { Kind } from '../../tune/types.ts';
import type { Globals } from '../options.ts';

export interface WatchCommandOptions extends Globals {
  readonly iface?: readonly string[];
  readonly port?: readonly number[];
  /** `applied`, `now`, or a file. */
  readonly baseline: string;
  readonly repair?: readonly Kind[];
  readonly onStop: 'leave' | 'undo';
  /** Where to serve metrics. */
  readonly listen?: ListenAddress;
  /** When those are measured, too. */
  readonly sample?: Schedule;
  readonly once?: true;
  readonly explainSources?: true;
  /** Seconds. */
  readonly pause?: number;
  readonly resume?: true;
  readonly install?: true;
  readonly uninstall?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

export const SCHEMA = 'locality-tune.watch/1';
