/** What happened between two observations, besides drift. Pure. */
import { count } from '../words/phrase.ts';
import type { Generation, Observation, WatchEvent } from './types.ts';

/** Links, groups and workers. */
export function happened(before: Observation, now: Observation): WatchEvent[] {
  return [...links(before, now), ...groups(before, now)];
}

/**
 * Findings that came or went. Asked only when no repair is under way, because drift has findings of its own.
 * @param known those of the baseline, which are not news
 */
export function foundSince(
  before: Observation['findings'],
  now: Observation['findings'],
  known: ReadonlySet<string>,
): WatchEvent[] {
  const missing = (some: Observation['findings'], from: Observation['findings']) =>
    [...from].flatMap(([key, each]) => (some.has(key) || known.has(key) ? [] : [each]));
  return [
    ...missing(before, now).map(({ rule, subject, message }) =>
      plain({
        kind: 'finding',
        subject: `${rule} ${subject}`,
        from: null,
        to: message,
        cause: 'a new finding',
      }),
    ),
    ...missing(now, before).map(({ rule, subject, message }) =>
      plain({
        kind: 'finding',
        subject: `${rule} ${subject}`,
        from: message,
        to: null,
        cause: 'it no longer holds',
      }),
    ),
  ];
}

const plain = (event: Omit<WatchEvent, 'by' | 'action' | 'why'>): WatchEvent => ({
  ...event,
  by: null,
  action: 'none',
  why: '',
});

function links({ links: before }: Observation, { links: now }: Observation): WatchEvent[] {
  return [...new Set([...before.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [before.get(name) ?? null, now.get(name) ?? null];
    if (from === to) return [];
    const cause =
      to === null ? 'the interface is gone' : from === null ? 'the interface is there' : 'its link changed';
    return [plain({ kind: 'link', subject: name, from, to, cause })];
  });
}

function groups(before: Observation, now: Observation): WatchEvent[] {
  const ids = new Set([...before.generations.keys(), ...now.generations.keys()]);
  return [...ids].flatMap((id) => {
    const [old, fresh] = [before.generations.get(id), now.generations.get(id)];
    const [from, to] = [old === undefined ? null : sizeOf(old), fresh === undefined ? null : sizeOf(fresh)];
    if (old === undefined || fresh === undefined) {
      const cause = fresh === undefined ? 'its last socket was closed' : 'a server opened it';
      return [plain({ kind: 'group', subject: id, from, to, cause })];
    }
    if (old.size === fresh.size && old.workers.join() === fresh.workers.join()) return [];
    return [plain({ kind: 'generation', subject: id, from, to, cause: changeOfWorkers(old, fresh) })];
  });
}

const sizeOf = ({ size, workers }: Generation): string =>
  `${count(size, 'socket')}, ${count(workers.length, 'worker')}`;

function changeOfWorkers({ workers: before }: Generation, { workers: now }: Generation): string {
  const left = before.filter((each) => !now.includes(each)).length;
  const came = now.filter((each) => !before.includes(each)).length;
  if (left > 0 && came > 0 && left === before.length) return 'all workers were replaced: a reload or restart';
  const parts = [
    came > 0 ? `${count(came, 'worker')} came` : '',
    left > 0 ? `${count(left, 'worker')} left` : '',
  ];
  return parts.filter((part) => part !== '').join(', ') || 'its sockets changed';
}
