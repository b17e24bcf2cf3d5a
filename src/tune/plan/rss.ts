/** The RSS table: equal shares for queues on serving CPUs. */
import { bypassesRss } from '../../diagnose/nics.ts';
import { weakKey } from '../../diagnose/rss-key.ts';
import type { Nic } from '../../host/types.ts';
import { ownedQueues } from '../../path/ntuple.ts';
import { count, names, percent, queueNames } from '../../words/phrase.ts';
import { word } from '../../words/shell.ts';
import type { Change, Refused } from '../types.ts';
import { nicAfterFindings } from './as-found.ts';
import { growsChannels, type KindPlanner } from './planner.ts';

/** Above this, the plan mentions the fullest queue; 128 entries filled in turn stay below it with up to 32 queues. */
const TOLERATED = 1.25;

export const rss: KindPlanner = (context) => {
  const changes: Change[] = [];
  const refused: Refused[] = [];
  const notes: string[] = [];
  for (const nic of context.nics) {
    const table = nic.rss?.indirection ?? [];
    if (weakKey(nic) !== null)
      notes.push(
        `${nic.name}: its RSS key cannot spread flows, and a plan does not change keys. The command is that of rss-key-weak ` +
          'in `locality-tune inspect`.',
      );
    const owned = ownedQueues(nic);
    const fed = (context.spreads.get(nic.name)?.fed ?? []).filter((queue) => !owned.has(queue));
    if (owned.size > 0)
      notes.push(
        `${nic.name}: ${queueNames('rx', owned.keys())} ${owned.size === 1 ? 'belongs' : 'belong'} to ` +
          `${names([...new Set(owned.values())])}, so the plan leaves their IRQs where they are and gives them no entry of ` +
          'the RSS table.',
      );
    if (table.length === 0 || fed.length === 0) continue;
    const { to, entries, option } = wanted(nic, fed, table.length);
    notes.push(...unevenness(nic.name, entries));
    if (nic.driver === 'virtio_net' && nic.rxQueues.length > 1)
      notes.push(
        `${nic.name}: virtio_net may ignore its RSS table until one has been set: \`ethtool -X ${word(nic.name)} ` +
          'default` sets it.',
      );
    const regrown = growsChannels(context, nic);
    const former = context.before.nics.find(({ name }) => name === nic.name);
    if (!regrown && equivalent(table, entries)) continue;
    const asFound = context.assignment.serving.get(nic.name)?.asFound === true;
    if (!regrown && asFound && nicAfterFindings(context.host, nic)?.rss?.indirection.join() === table.join())
      continue;
    if (bypassesRss(nic) && table.every((queue) => queue < nic.rxQueues.length)) {
      refused.push({
        subject: `${nic.name} RSS table`,
        why: 'ntuple rules or RSS contexts bypass it, so it may be like that on purpose; it is left as it is.',
      });
      continue;
    }
    changes.push({
      kind: 'rss',
      subject: `${nic.name} RSS table`,
      target: { kind: 'rss', nic: nic.name },
      from: textOf(table, former?.rxQueues.length ?? 0),
      to,
      why: regrown
        ? 'After a change of channels the table may not cover all queues.'
        : fed.length === nic.rxQueues.length
          ? 'Each queue should get an equal share.'
          : `${count(fed.length, 'queue')} with a worker on their CPU should get equal shares, the other queues nothing.`,
      command: `ethtool -X ${word(nic.name)} ${option}`,
    });
    if (fed.length < nic.rxQueues.length)
      notes.push(
        `${nic.name}: all other traffic of this interface is then also received on ${fed.length} of its ${nic.rxQueues.length} queues.`,
      );
  }
  return { changes, refused, notes };
};

/** `default` returns the table to the driver, so that it follows later changes of channels. */
function wanted(nic: Nic, fed: readonly number[], size: number) {
  const spread = (queues: number) => Array.from({ length: size }, (_, entry) => entry % queues);
  if (fed.length === nic.rxQueues.length)
    return { to: 'default', entries: spread(fed.length), option: 'default' };
  const prefix = fed.every((queue, index) => queue === index);
  if (prefix) {
    const entries = spread(fed.length);
    return { to: entries.join(' '), entries, option: `equal ${fed.length}` };
  }
  const named = new Set(fed);
  const weights = nic.rxQueues.map(({ index }) => (named.has(index) ? 1 : 0));
  const entries = Array.from(
    { length: size },
    (_, entry) => fed[Math.floor((entry * fed.length) / size)] ?? 0,
  );
  return { to: entries.join(' '), entries, option: `weight ${weights.join(' ')}` };
}

/** Do both tables have the same queues, each with the same number of entries, in any order? */
function equivalent(table: readonly number[], entries: readonly number[]): boolean {
  const [is, wanted] = [tally(table), tally(entries)];
  const shares = [...is.values()];
  return (
    is.size === wanted.size &&
    [...wanted.keys()].every((queue) => is.has(queue)) &&
    Math.max(...shares) - Math.min(...shares) <= 1
  );
}

function tally(table: readonly number[]): ReadonlyMap<number, number> {
  const entries = new Map<number, number>();
  for (const queue of table) entries.set(queue, (entries.get(queue) ?? 0) + 1);
  return entries;
}

/** The form in which settings are read back: the kernel's own spread is `default` (ethtool_rxfh_indir_default). */
function textOf(table: readonly number[], queues: number): string {
  return table.every((queue, entry) => queue === entry % queues) ? 'default' : table.join(' ');
}

function unevenness(nic: string, entries: readonly number[]): readonly string[] {
  const shares = [...tally(entries).values()];
  const excess = (Math.max(...shares) * shares.length) / entries.length;
  if (excess <= TOLERATED) return [];
  return [
    `${nic}: its RSS table has ${entries.length} entries for ${shares.length} queues, so some get ` +
      `${percent(excess - 1)} more than their share.`,
  ];
}
