/** A machine as the live view shows it. */

import { diagnose } from '../diagnose/diagnose.ts';
import type { NamedNetns } from '../host/netns-target.ts';
import type { Host } from '../host/types.ts';
import { viewOf } from '../path/view.ts';
import type { Configuration } from './types.ts';

export interface ConfigurationOptions {
  /** The network namespace of this process, as `--netns` named it; null: the user's own. */
  readonly netns: NamedNetns | null;
  readonly ifaces: readonly string[];
  /** null: all. */
  readonly port: number | null;
}

export function toConfiguration(host: Host, netns: NamedNetns | null): Configuration {
  const view = viewOf(host);
  return { ...view, findings: diagnose(view, netns), readAt: new Date().toISOString() };
}

/** Are two readings equal for a user? Interrupt counts and the time always differ. */
export function isSameConfiguration(one: Configuration, other: Configuration): boolean {
  const text = (configuration: Configuration) =>
    JSON.stringify(configuration, (key, value) => (key === 'counts' || key === 'readAt' ? undefined : value));
  return text(one) === text(other);
}
