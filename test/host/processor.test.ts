import { expect, it } from 'vitest';
import { readProcessor } from '../../src/host/processor.ts';

it('names the processor as the kernel does, with its cores and caches', async () => {
  const processor = await readProcessor();
  // Sizes of caches are the firmware's to tell; that it has a core is certain.
  expect(processor?.cores).toBeGreaterThan(0);
  expect(processor?.sockets).toBeGreaterThan(0);
  expect(processor?.model).toMatch(/^[ -~]+$/);
});
