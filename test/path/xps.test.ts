import { expect, it } from 'vitest';
import { txQueuePicker } from '../../src/path/xps.ts';
import { type NicFacts, nic } from '../fixtures/hosts.ts';

const pick = (facts: NicFacts, cpu: number | null, rxQueue = 0, protocol: 'tcp' | 'udp' = 'tcp') =>
  txQueuePicker(nic({ queues: 4, ...facts }))({ cpu, rxQueue, protocol });

it('picks the queue that names the CPU', () => {
  expect(pick({ xps: [[3], [2], [0, 1], []] }, 1)).toBe(2);
  expect(pick({ xps: true }, 3)).toBe(3);
});

it('decides nothing without XPS, for a CPU of several queues, for an unknown sender', () => {
  expect(pick({}, 1)).toBeNull();
  expect(pick({ xps: [[1], [1], [], []] }, 1)).toBeNull();
  expect(pick({ xps: true }, null)).toBeNull();
  expect(pick({ xps: null }, 1)).toBeNull();
  expect(pick({ queues: 0 }, 1)).toBeNull();
});

it('uses the rx queue first, but not for UDP', () => {
  const facts = { xps: true, xpsRxqs: [[3], [2], [1], [0]] };
  expect(pick(facts, 0, 0)).toBe(3);
  expect(pick(facts, null, 2)).toBe(1);
  expect(pick(facts, 0, 0, 'udp')).toBe(0);
  expect(pick({ ...facts, xpsRxqs: [[1], [1]] }, 0, 1)).toBeNull();
  expect(pick({ ...facts, xpsRxqs: [[1]] }, 2, 0)).toBe(2);
});

it('has no choice with one queue', () => {
  expect(pick({ queues: 1, xps: null }, null)).toBe(0);
});

it('decides nothing where the driver ignores it', () => {
  const mana = { ...nic({ queues: 4, xps: true }), driver: 'mana' };
  expect(txQueuePicker(mana)({ cpu: 3, rxQueue: 0, protocol: 'tcp' })).toBeNull();
});
