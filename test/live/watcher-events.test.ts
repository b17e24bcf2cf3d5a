import { expect, it } from 'vitest';
import { followWatchers } from '../../src/live/watcher-events.ts';
import type { TimedEvent } from '../../src/watch/service.ts';

const event = (time: string, subject = 'eth0 rx-2 interrupt'): TimedEvent => ({
  time,
  kind: 'irq',
  subject,
  from: '2',
  to: '0',
  cause: 'set_irq.sh (irq.service) wrote it',
  by: {
    pid: 4711,
    comm: 'bash',
    script: '/usr/local/sbin/set_irq.sh',
    unit: 'irq.service',
    container: null,
    parent: 1,
  },
  action: 'repaired',
  why: 'it is 2 again',
});

it('reports each event of a watcher once, none from before, and asks every 5 s', async () => {
  let ms = 0;
  let asked = 0;
  const reported: string[] = [];
  const events = [event('2026-01-01T00:00:01.000Z'), event('2026-01-01T00:00:03.000Z')];
  const { lookAgain } = followWatchers(
    async () => {
      asked += 1;
      return events;
    },
    (kind, text) => reported.push(`${kind} ${text}`),
    () => ({ ms, time: new Date(Date.UTC(2026, 0, 1, 0, 0, 2) + ms).toISOString() }),
  );
  for (; ms <= 12_000; ms += 1_000) await lookAgain();
  expect(asked).toBe(3);
  expect(reported).toEqual([
    'change watch: eth0 rx-2 interrupt: 2 -> 0 (set_irq.sh (irq.service), pid 4711, wrote it; repaired; it is 2 again)',
  ]);
});

it('reports all events of one moment', async () => {
  const subjects = ['eth0 rx-0 interrupt', 'eth0 rx-1 interrupt', 'eth0 rx-2 interrupt'];
  const reported: string[] = [];
  let ms = 0;
  const { lookAgain } = followWatchers(
    async () => subjects.map((subject) => event('2026-01-01T00:00:01.000Z', subject)),
    (_, text) => reported.push(text),
    () => ({ ms, time: new Date(Date.UTC(2026, 0, 1) + ms).toISOString() }),
  );
  for (; ms <= 12_000; ms += 6_000) await lookAgain();
  expect(reported).toEqual(subjects.map((subject) => expect.stringContaining(`watch: ${subject}: 2 -> 0 `)));
});
