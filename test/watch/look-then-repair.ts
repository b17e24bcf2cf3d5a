/**
 * look-then-repair.ts STATE FILE VALUE [undo]: a watcher of what was applied looks once after FILE was set to VALUE, and repairs it;
 * `undo`: everything is undone between its look and its repair. Prints what it says, then the journals, as JSON.
 */
import { writeFileSync } from 'node:fs';
import { listJournals } from '../../src/tune/journal-file.ts';
import { openMachine } from '../../src/use-cases/machine.ts';
import { journalsOf, takeBack, UNASKED } from '../../src/use-cases/undo.ts';
import { openWatched } from '../../src/watch/live-machine.ts';
import { DEFAULTS } from '../../src/watch/policy.ts';
import { TIMES } from '../../src/watch/times.ts';
import { Watcher } from '../../src/watch/watcher.ts';

const [, , state = '', file = '', value = '', undo] = process.argv;
const machine = { ...openMachine(), state };
const never = new AbortController().signal;
const said: unknown[] = [];
const { machine: watched, baseline } = await openWatched(
  machine,
  'applied',
  { ifaces: [], ports: [] },
  never,
  ({ subject, action }) => said.push({ subject, action }),
);
const policy = { ...DEFAULTS, kinds: new Set(['rps'] as const) };
const late = {
  ...watched,
  repair: async (changes: Parameters<typeof watched.repair>[0]) => {
    if (undo !== undefined) await takeBack(machine, journalsOf(machine).journals, UNASKED);
    return watched.repair(changes);
  },
};
writeFileSync(file, value);
await new Watcher(late, baseline, { ...TIMES, policy }).check();
console.log(JSON.stringify({ said, journals: listJournals(state).map(({ id }) => id) }));
