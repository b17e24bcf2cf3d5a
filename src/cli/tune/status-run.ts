/** `locality-tune status`: compares the journals with the present settings. */

import { statusLines } from '../../report/tune.ts';
import type { ListedJournal } from '../../tune/journal-list.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { statusOf } from '../../use-cases/status.ts';
import { during, EXIT } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, progress, styleOf } from '../output.ts';

export async function runStatus(options: Globals): Promise<void> {
  const machine = openMachine();
  const done = progress('comparing ...');
  const { journals, notes, ...standing } = await during(`read ${machine.state}`, 'root', () =>
    statusOf(machine),
  ).finally(done);
  if (options.json || options.pretty) {
    const schema = 'locality-tune.status/1';
    printDocument({ schema, journals: journals.map(toDocument), ...standing, notes }, options);
  } else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(statusLines(journals, standing, notes, style), style);
  }
  if (standing.drift.length > 0) process.exitCode = EXIT.failed;
}

const toDocument = ({ file, journal: { header, steps, persisted, ended }, place }: ListedJournal) => ({
  id: file.id,
  time: header.time,
  place,
  netns: header.netns,
  ended,
  changes: steps
    .filter(({ outcome }) => outcome === 'done')
    .map(({ change: { kind, subject }, from, is }) => ({ kind, subject, from, to: is })),
  units: persisted.map(({ unit }) => unit),
});
