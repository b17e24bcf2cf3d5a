/** `locality-tune undo`: choose journals, ask, take them back, print what became of it. */

import { journalLines, undoneLines } from '../../report/tune.ts';
import { takeLock } from '../../tune/lock.ts';
import { type Survey, type Surveyed, surveyJournals } from '../../tune/survey.ts';
import { forgetBoot, type Undone, undoOne } from '../../tune/undo.ts';
import { confirm, isInteractive, requireAnswer } from '../confirm.ts';
import { EXIT, failure, usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { createNotePrinter, printDocument, printLines, say, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { type Bench, openBench, requireRoot } from './tune-change.ts';

export interface UndoCommandOptions extends Globals {
  readonly journal?: number;
  readonly all?: true;
  readonly force?: true;
  readonly yes?: true;
  readonly dryRun?: true;
}

const SCHEMA = 'locality-tune.undo/1';

export async function runUndo(options: UndoCommandOptions): Promise<void> {
  const json = options.json || options.pretty;
  if (!options.dryRun) {
    requireRoot('undo');
    requireAnswer('undo', options.yes === true);
  }
  const bench = openBench();
  const survey = surveyJournals(bench.state, bench.bootId, bench.netns);
  const chosen = choose(survey, options);
  const style = styleOf(options.color, process.stdout, process.env);
  createNotePrinter()(survey.notes);
  if (chosen.length === 0) {
    if (json) printDocument({ schema: SCHEMA, journal: null, restored: [], skipped: [] }, options);
    else say('nothing is applied: there is nothing to undo\n');
    return;
  }
  if (!json && (options.dryRun || !options.yes))
    printLines(
      chosen.flatMap((each) => journalLines(each, style)),
      style,
    );
  if (options.dryRun) {
    if (json) printDocument({ schema: SCHEMA, dryRun: true, journals: chosen.map(toDocument) }, options);
    return;
  }
  if (!options.yes && !(await confirm('Take this back?'))) {
    process.exitCode = EXIT.failed;
    return say('nothing was changed\n');
  }
  const interruption = heedInterruptions();
  const undone = await undo(bench, chosen, options, interruption.signal);
  if (json)
    printDocument(
      options.all ? { schema: SCHEMA, journals: undone } : { schema: SCHEMA, ...undone[0] },
      options,
    );
  else for (const each of undone) printLines(undoneLines(each, style), style);
  const isDone = undone.every(
    ({ skipped, left }) => left.length === 0 && skipped.every(({ settled }) => settled),
  );
  process.exitCode = interruption.status() ?? (isDone ? EXIT.ok : EXIT.failed);
}

/** The newest first. Throws CliError. */
function choose({ journals }: Survey, { journal, all }: UndoCommandOptions): Surveyed[] {
  if (journal !== undefined && all) throw usage('--journal, --all: choose one of them', null);
  const here = journals.filter(({ place }) => place !== 'elsewhere');
  if (all) return here;
  if (journal === undefined) {
    // What an earlier boot has left without a unit is only to be forgotten.
    const newest = here.find(({ place, journal }) => place === 'here' || journal.persisted.length > 0);
    return newest === undefined ? here : [newest];
  }
  const named = journals.find(({ file }) => file.id === String(journal));
  if (named === undefined) {
    const ids = journals.map(({ file }) => file.id).join(', ') || 'none';
    throw failure('no-journal', `--journal ${journal}: no such journal is in force`, `there are: ${ids}`);
  }
  if (named.place !== 'elsewhere') return [named];
  const { netns } = named.journal.header;
  throw failure(
    'other-netns',
    `journal ${journal} was made in another network namespace (${netns})`,
    'repeat with --netns NAME (lsns -t net shows which it is)',
  );
}

async function undo(
  { access, state }: Bench,
  chosen: readonly Surveyed[],
  options: UndoCommandOptions,
  signal: AbortSignal,
): Promise<Undone[]> {
  const release = takeLock(state, access.files);
  const ask = async (change: { readonly subject: string }, why: string) =>
    options.yes !== true && isInteractive() && confirm(`${change.subject}: ${why}. Restore it?`, signal);
  try {
    const undone: Undone[] = [];
    for (const each of chosen) {
      if (signal.aborted) break;
      undone.push(
        each.place === 'before'
          ? await forgetBoot(each)
          : await undoOne(access, each.file, { force: options.force === true, ask, signal }),
      );
    }
    return undone;
  } finally {
    release();
  }
}

const toDocument = ({ file, journal: { header, steps, persisted } }: Surveyed) => ({
  id: file.id,
  time: header.time,
  changes: steps.filter(({ outcome }) => outcome !== 'restored').map(({ change }) => change),
  units: persisted.map(({ unit }) => unit),
});
