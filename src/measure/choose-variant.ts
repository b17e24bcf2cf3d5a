/** Chooses the variant of a probe: the first that runs here. */
import { failure, isFailure } from '../system/errors.ts';
import { type Capabilities, obstacle } from './capabilities.ts';
import type { ProbeVariant } from './types.ts';

/** Failures that every other variant would have too. */
const FATAL: ReadonlySet<string> = new Set([
  'bpftrace-missing',
  'bpftrace-slow',
  'btf-missing',
  'kernel-hung',
]);

/**
 * Programs that failed, with the reason; each try takes a second. For an hour: the reason may have been a moment without
 * memory, and an exporter runs for months.
 */
const refused = new Map<string, { readonly why: string; readonly until: number }>();
const HOUR_MS = 3_600_000;

function refusalOf(program: string): string | null {
  const known = refused.get(program);
  return known !== undefined && performance.now() < known.until ? known.why : null;
}

export interface Chosen<T> {
  readonly variant: ProbeVariant;
  readonly started: T;
  /** Why each better variant was skipped. */
  readonly passedOver: readonly string[];
}

/**
 * Tries the variants in order, the best first, unless the kernel or bpftrace is known to lack something. Throws Failure
 * no-variant, or the failure of the last one that `start` has tried.
 */
export async function chooseVariant<T>(
  variants: readonly ProbeVariant[],
  capabilities: Capabilities,
  start: (variant: ProbeVariant) => Promise<T>,
): Promise<Chosen<T>> {
  const passedOver: string[] = [];
  let failed: unknown = null;
  for (const variant of variants) {
    let why = refusalOf(variant.program) ?? obstacle(variant, capabilities);
    if (why === null) {
      try {
        return { variant, passedOver, started: await start(variant) };
      } catch (error) {
        if (!isFailure(error) || FATAL.has(error.code)) throw error;
        failed = error;
        why = error.message;
        // Somebody else ended it: nothing speaks against the program.
        if (error.code !== 'bpftrace-killed')
          refused.set(variant.program, { why, until: performance.now() + HOUR_MS });
      }
    }
    passedOver.push(`${variant.name}: ${why}`);
  }
  throw (
    failed ?? failure('no-variant', `no probe works on this kernel: ${passedOver.join('; ')}`, NO_VARIANT)
  );
}

const NO_VARIANT = 'see docs/requirements.md';
