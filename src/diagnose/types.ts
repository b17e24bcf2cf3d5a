import type { Host } from '../host/types.ts';
import type { Expected, Path } from '../path/types.ts';

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  /** Name of the rule, kebab-case, as in docs. */
  readonly rule: string;
  readonly severity: Severity;
  /** The object in the kernel's words: `irq 59`, `eth0 rx-3`, `tcp 0.0.0.0:8080`, `irqbalance`. */
  readonly subject: string;
  /** One or two plain sentences: what is, and what it costs. */
  readonly message: string;
  /** Shell commands that mend it, in order; empty when there is none to give. */
  readonly fix: readonly string[];
}

/** What a rule looks at. */
export interface View {
  readonly host: Host;
  readonly paths: readonly Path[];
  readonly expected: readonly Expected[];
}

export type Rule = (view: View) => readonly Finding[];
