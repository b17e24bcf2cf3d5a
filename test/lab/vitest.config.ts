import { defineConfig } from 'vitest/config';
import { WENT_AWAY } from './machine/guest.ts';
import type { Lab } from './machine/lab.ts';

/** One project for each kernel, one virtual machine at a time. test/lab/run.ts says which, and fetches them. */
const labs: readonly Lab[] = JSON.parse(process.env['LOCALITY_TUNE_LAB'] ?? '[]');

export default defineConfig({
  test: {
    reporters: ['verbose'],
    fileParallelism: false,
    maxWorkers: 1,
    projects: labs.map((lab) => ({
      test: {
        name: lab.kernel.name,
        include: ['test/lab/*.{test,record}.ts'],
        provide: { lab },
        testTimeout: 1_200_000,
        hookTimeout: 600_000,
        // A host with too much to do has no time for an emulated machine to start a probe in.
        retry: { count: 1, condition: new RegExp(`${WENT_AWAY}|bpftrace-(slow|silent)`) },
      },
    })),
  },
});
