/** `locality-tune status`: compares the journals and the attached programs with the machine. */

import { monitoringLine, statusLines } from '../../report/status.ts';
import { watcherLines } from '../../report/watch.ts';
import type { ListedJournal } from '../../tune/journal-list.ts';
import type { StatusVerdict } from '../../tune/status.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { type Status, statusOf } from '../../use-cases/status.ts';
import { askWatchers } from '../../watch/ask.ts';
import type { StatusJournal } from '../documents/tune.ts';
import { during, EXIT } from '../errors.ts';
import type { Globals } from '../options.ts';
import { print, printDocument, printLines, progress, styleOf } from '../output.ts';

export interface StatusCommandOptions extends Globals {
  /** One line, for a monitoring system. */
  readonly quiet?: true;
}

/** Those of a monitoring check. */
const EXIT_STATUS: Readonly<Record<StatusVerdict, number>> = {
  'as-set': EXIT.ok,
  drift: EXIT.failed,
  nothing: EXIT.unknown,
  unknown: EXIT.unknown,
};

export async function runStatus(options: StatusCommandOptions): Promise<void> {
  const machine = openMachine();
  const done = progress('comparing ...');
  const [status, watched] = await during(`read ${machine.state}`, 'root', () =>
    Promise.all([statusOf(machine), askWatchers(machine.netns.inode)]),
  ).finally(done);
  if (options.json || options.pretty)
    printDocument({ ...toDocument(status), watchers: watched.watchers }, options);
  else if (options.quiet) print(`${monitoringLine(status)}\n`);
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines([...statusLines(status, style), ...watcherLines(watched, style)], style);
  }
  process.exitCode = EXIT_STATUS[status.verdict];
}

const toDocument = ({ journals, verdict, ...standing }: Status) => ({
  schema: 'locality-tune.status/1' as const,
  verdict,
  journals: journals.map(toJournal),
  ...standing,
});

const toJournal = ({
  file,
  journal: { header, steps, persisted, ended },
  place,
}: ListedJournal): StatusJournal => ({
  id: file.id,
  time: header.time,
  by: header.by,
  place,
  netns: header.netns,
  ended,
  changes: steps
    .filter(({ outcome }) => outcome === 'done')
    .map(({ change: { kind, subject }, from, is }) => ({ kind, subject, from, to: is })),
  units: persisted.map(({ unit }) => unit),
});
