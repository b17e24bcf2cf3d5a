import { afterEach, expect, it, vi } from 'vitest';
import { clockTime } from '../../src/watch/service.ts';

afterEach(() => void vi.useRealTimers());

it('a time is told by the clock as it is set now, not as it was at the start', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(new Date(2031, 0, 1, 14, 2, 30));
  expect(clockTime(performance.now())).toBe('14:02');
  expect(clockTime(performance.now() - 3_600_000)).toBe('13:02');
});
