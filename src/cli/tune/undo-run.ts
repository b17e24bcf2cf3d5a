/** `locality-tune undo`: chooses journals, asks, restores, and prints the result. */

import { rehearsedLines, undoneLines } from '../../report/tune.ts';
import type { ListedJournal } from '../../tune/journal-list.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import {
  chooseJournals,
  type JournalChoice,
  journalsOf,
  rehearseUndo,
  takeBack,
} from '../../use-cases/undo.ts';
import { confirm, isInteractive, requireAnswer } from '../confirm.ts';
import { during, EXIT, usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { createNotePrinter, printDocument, printLines, progress, say, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';

export interface UndoCommandOptions extends Globals {
  readonly journal?: number;
  readonly all?: true;
  readonly force?: true;
  readonly yes?: true;
  readonly dryRun?: true;
}

const SCHEMA = 'locality-tune.undo/1' as const;

export async function runUndo(options: UndoCommandOptions): Promise<void> {
  const json = options.json || options.pretty;
  if (!options.dryRun) requireRoot('undo');
  const machine = openMachine();
  const list = await during(`read ${machine.state}`, 'root', () => journalsOf(machine));
  const chosen = chooseJournals(list, choiceOf(options));
  const style = styleOf(options.color, process.stdout, process.env);
  createNotePrinter()(list.notes);
  if (chosen.length === 0) {
    if (json) printDocument({ schema: SCHEMA, journal: null, restored: [], skipped: [] }, options);
    else say('nothing is applied: there is nothing to undo\n');
    return;
  }
  if (!options.dryRun) requireAnswer('undo', options.yes === true);
  const force = options.force === true;
  if (options.dryRun || !options.yes) {
    const done = progress('comparing ...');
    const rehearsed = await rehearseUndo(machine, chosen, force).finally(done);
    if (json && options.dryRun) {
      const journals = rehearsed.flatMap((undone, at) => {
        const each = chosen[at];
        return each === undefined ? [] : [{ ...toDocument(each), ...undone }];
      });
      printDocument({ schema: SCHEMA, dryRun: true, journals }, options);
    }
    const asks = options.dryRun !== true;
    if (!json)
      printLines(
        chosen.flatMap((each, at) => {
          const undone = rehearsed[at];
          return undone === undefined ? [] : rehearsedLines(each, undone, asks, style);
        }),
        style,
      );
    if (options.dryRun) return;
  }
  if (!options.yes && !(await confirm('Restore these settings?'))) {
    process.exitCode = EXIT.failed;
    return say('nothing was changed\n');
  }
  const interruption = heedInterruptions();
  const { signal } = interruption;
  const ask = async ({ subject }: { readonly subject: string }, why: string): Promise<boolean> =>
    options.yes !== true && isInteractive() && confirm(`${subject}: ${why}. Restore it?`, signal);
  const undone = await takeBack(machine, chosen, { force, ask, signal });
  // What is lost from here on is only the output.
  const status = interruption.status();
  const [first] = undone;
  if (json && (options.all || first === undefined))
    printDocument({ schema: SCHEMA, journals: undone }, options);
  else if (json && first !== undefined) printDocument({ schema: SCHEMA, ...first }, options);
  else for (const each of undone) printLines(undoneLines(each, style), style);
  const isDone = undone.every(
    ({ skipped, left }) => left.length === 0 && skipped.every(({ settled }) => settled),
  );
  process.exitCode = status ?? (isDone ? EXIT.ok : EXIT.failed);
}

/** Throws usage. */
function choiceOf({ journal, all }: UndoCommandOptions): JournalChoice {
  if (journal !== undefined && all) throw usage('--journal, --all: only one is possible', 'omit the other');
  return all ? 'all' : journal === undefined ? 'newest' : { id: String(journal) };
}

const toDocument = ({ file, journal: { header, steps, persisted } }: ListedJournal) => ({
  id: file.id,
  time: header.time,
  changes: steps.filter(({ outcome }) => outcome !== 'restored').map(({ change }) => change),
  units: persisted.map(({ unit }) => unit),
});
