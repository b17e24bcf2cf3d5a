/** What a run of the lab is made of, as test/lab/run.ts hands it to the tests. */
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { boot, type Guest, WENT_AWAY } from './guest.ts';
import type { Kernel } from './kernels.ts';
import type { Hardware } from './qemu.ts';

export interface Lab {
  readonly kernel: Kernel;
  readonly hardware: Hardware;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly lab: Lab;
  }
}

/**
 * A guest for all tests of a file, booted anew when it went away; `prepare` is done after each boot. The tests get it by
 * the returned function.
 */
export function useGuest(
  prepare: (guest: Guest) => Promise<void> = async () => {},
  hardware: Partial<Hardware> = {},
): () => Guest {
  const lab = inject('lab');
  let guest: Guest | null = null;
  const ensure = async () => {
    if (guest?.isAlive()) return;
    await guest?.close();
    const machine = { ...lab.hardware, ...hardware };
    guest = await boot(lab.kernel, machine).catch((error) => {
      if (!String(error).includes(WENT_AWAY)) throw error;
      return boot(lab.kernel, machine);
    });
    await prepare(guest);
  };
  beforeAll(ensure);
  beforeEach(ensure);
  afterAll(() => guest?.close());
  return () => {
    if (guest === null) throw new Error('no test is running');
    return guest;
  };
}
