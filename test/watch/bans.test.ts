import { expect, it } from 'vitest';
import { failure } from '../../src/system/errors.ts';
import { knownBans } from '../../src/watch/bans.ts';
import { host } from '../fixtures/hosts.ts';

const running = host({ irqbalance: { running: true, bannedIrqs: [9] } });
const bansOf = async (look: ReturnType<typeof knownBans>, machine = running) =>
  (await look(machine)).machine.irqbalance.bannedIrqs;

it('has those of the command line and of the socket', async () => {
  expect(await bansOf(knownBans({ banned: async () => [28, 29] }))).toEqual([28, 29, 9]);
  expect(await bansOf(knownBans({ banned: async () => null }))).toEqual([9]);
});

it('does not wait for an irqbalance that scans, and has its answer later', async () => {
  let answer: (irqs: readonly number[]) => void = () => {};
  const asked = new Promise<readonly number[]>((resolve) => {
    answer = resolve;
  });
  let times = 0;
  const look = knownBans({
    banned: () => {
      times += 1;
      return asked;
    },
  });
  expect(await bansOf(look)).toBe(null);
  expect(await bansOf(look)).toBe(null);
  expect(times).toBe(1);
  answer([28]);
  expect(await bansOf(look)).toEqual([28, 9]);
});

it('is not known of one that does not answer, and is not asked of one that does not run', async () => {
  let times = 0;
  const look = knownBans({
    banned: async () => {
      times += 1;
      throw failure('irqbalance-silent', 'no answer', 'none');
    },
  });
  expect(await bansOf(look)).toBe(null);
  expect(await bansOf(look, host())).toEqual([]);
  expect(times).toBe(1);
});
