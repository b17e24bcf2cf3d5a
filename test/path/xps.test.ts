import { expect, it } from 'vitest';
import { txChooser } from '../../src/path/xps.ts';
import { type NicFacts, nic } from '../fixtures/hosts.ts';

const choose = (
  facts: NicFacts,
  cpu: number | null,
  rxQueue: number | null = 0,
  protocol: 'tcp' | 'udp' = 'tcp',
) => txChooser(nic({ queues: 4, ...facts }))({ cpu, rxQueue, protocol });
const pick = (...of: Parameters<typeof choose>) => choose(...of).queue;

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

it('says who chooses', () => {
  const decided = (why: string, queue: number) => ({ queue, why, chance: null });
  const hashed = (why: string, chance: number) => ({ queue: null, why, chance });
  expect(choose({ xps: true }, 2)).toEqual(decided('XPS of CPU 2', 2));
  expect(choose({ xps: true, xpsRxqs: [[3], [2], [1], [0]] }, 2)).toEqual(
    decided('XPS of rx-0 (xps_rxqs)', 3),
  );
  expect(choose({ queues: 1 }, 2)).toEqual(decided('the only queue', 0));
  expect(choose({}, 2)).toEqual(hashed('XPS is not set, so a hash of the flow picks one', 0.25));
  expect(choose({ xps: [[1], [1], [], []] }, 1)).toEqual(
    hashed('XPS of CPU 1 names several, so a hash picks one', 0.5),
  );
  expect(choose({ xps: [[1], [], [], []] }, 0)).toEqual(
    hashed('XPS names none for CPU 0, so a hash of the flow picks one', 0.25),
  );
  expect(choose({ xpsRxqs: [[0], [0]] }, 0)).toEqual(
    hashed('XPS of rx-0 (xps_rxqs) names several, so a hash picks one', 0.5),
  );
  const unknown = (why: string) => ({ queue: null, why, chance: null });
  expect(choose({ xps: true }, null)).toEqual(unknown('XPS chooses by the sending CPU, which is not known'));
  expect(choose({ xpsRxqs: [[0]] }, 0, null)).toEqual(
    unknown('XPS chooses by the rx queue (xps_rxqs), which is not known'),
  );
  expect(choose({ xps: null }, 0)).toEqual(unknown('xps_cpus could not be read'));
});

it('decides nothing where the driver ignores it, and says what the driver does', () => {
  for (const driver of ['mana', 'hv_netvsc', 'xen_netfront', 'tun', 'bonding', 'team']) {
    const made = { ...nic({ queues: 4, xps: true }), driver };
    const { queue, why } = txChooser(made)({ cpu: 3, rxQueue: 0, protocol: 'tcp' });
    expect([driver, queue]).toEqual([driver, null]);
    expect(why).toMatch(/chooses the tx queue itself and ignores XPS: it takes/);
  }
});
