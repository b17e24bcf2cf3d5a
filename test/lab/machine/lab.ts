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

const ATTEMPTS = 3;

/** What does not come up, comes up the next time. */
async function bootAtLast(kernel: Kernel, hardware: Hardware): Promise<Guest> {
  for (let attempt = 1; ; attempt++)
    try {
      return await boot(kernel, hardware);
    } catch (error) {
      if (attempt === ATTEMPTS || !String(error).includes(WENT_AWAY)) throw error;
      console.error(`lab: booting ${kernel.name} again: ${String(error).split('\n')[0]}`);
    }
}

/**
 * A guest for all tests of a file, booted again if it ended; `prepare` is done after each boot. The tests get it by the
 * returned function.
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
    guest = await bootAtLast(lab.kernel, { ...lab.hardware, ...hardware });
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
