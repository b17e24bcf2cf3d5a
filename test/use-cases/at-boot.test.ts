import { expect, it } from 'vitest';
import { failure } from '../../src/system/errors.ts';
import { whenFree } from '../../src/use-cases/at-boot.ts';

it('waits for another unit that changes settings at boot, and for nothing else', async () => {
  const errors = [failure('busy', 'another locality-tune is changing settings', 'wait')];
  let calls = 0;
  const act = async () => {
    calls += 1;
    const error = errors.pop();
    if (error !== undefined) throw error;
    return 'done';
  };
  expect([await whenFree(act), calls]).toEqual(['done', 2]);
  errors.push(failure('journal', 'the journal cannot be used', 'check the folder'));
  await expect(whenFree(act)).rejects.toMatchObject({ code: 'journal' });
});
