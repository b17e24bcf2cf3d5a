import { defineConfig } from 'vitest/config';

/** Slow: `npm run lab -- packages`. */
export default defineConfig({
  test: {
    name: 'packages',
    include: ['test/packages/*.test.ts'],
    globalSetup: ['test/packages/build.ts'],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['verbose'],
  },
});
