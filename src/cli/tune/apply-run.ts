/** `locality-tune apply`: plans, asks, applies, and prints the result. */

import { appliedLines, changeLines } from '../../report/tune.ts';
import { readTrusted } from '../../system/trusted.ts';
import type { Applied } from '../../tune/apply.ts';
import { listJournals } from '../../tune/journal-file.ts';
import type { Plan } from '../../tune/types.ts';
import { requireOwnCommand } from '../../tune/unit.ts';
import { apply } from '../../use-cases/apply.ts';
import { keepAtBoot, type SavedPlan, savedPlan, takeOver, whenFree } from '../../use-cases/at-boot.ts';
import { type LiveMachine, openMachine, requireRoot } from '../../use-cases/machine.ts';
import { requireSubject } from '../../use-cases/plan.ts';
import { takeBackOwn } from '../../use-cases/undo.ts';
import { count } from '../../words/phrase.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import { during, EXIT, usage } from '../errors.ts';
import { createNotePrinter, printDocument, printLines, progress, say, styleOf } from '../output.ts';
import { OWN_COMMAND } from '../own-command.ts';
import { heedInterruptions } from '../signals.ts';
import { loadPlan } from './load-plan.ts';
import type { TuningOptions } from './plan-options.ts';
import { planOptionsOf } from './plan-options.ts';

export interface ApplyCommandOptions extends TuningOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly persist?: true;
  /** A file that `plan --save` or --persist wrote. */
  readonly saved?: string;
  readonly force?: true;
}

const SCHEMA = 'locality-tune.apply/1';

export async function runApply(options: ApplyCommandOptions): Promise<void> {
  const json = options.json || options.pretty;
  if (!options.dryRun) {
    requireRoot('apply');
    if (options.saved === undefined) planOptionsOf(options);
  }
  if (options.force && options.saved === undefined)
    throw usage('--force: needs --saved, because a new plan is always for this machine', 'omit it');
  if (options.persist && options.netns !== undefined)
    throw usage("--persist: at boot it would run in the machine's own network namespace", 'omit --netns');
  // Before anything is changed, though the unit is written only afterwards.
  if (options.persist) requireOwnCommand(OWN_COMMAND);
  const wanted = await planOf(options);
  const { plan } = wanted;
  const style = styleOf(options.color, process.stdout, process.env);
  if (!json) printPlanNotes(plan);
  if (options.dryRun) {
    if (json)
      printDocument(
        { schema: SCHEMA, dryRun: true, changed: false, journal: null, ...plan, ...NOTHING },
        options,
      );
    else printLines(changeLines(plan.changes, style), style);
    return;
  }
  if (plan.changes.length > 0 && !options.yes) {
    requireAnswer('apply', false);
    printLines(changeLines(plan.changes, style), style);
    if (!(await confirm(`Make ${count(plan.changes.length, 'change')}?`))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  // Before this there is nothing to restore, and a signal ends it like any program.
  const interruption = heedInterruptions();
  const machine = openMachine();
  const done = progress(`applying ${count(plan.changes.length, 'change')} ...`);
  const make = () => apply(machine, plan, interruption.signal);
  const isAtBoot = wanted.persisted !== null;
  const made = await during('apply', 'root', () => (isAtBoot ? whenFree(make) : make())).finally(done);
  const applied = interruption.signal.aborted ? await restored(machine, made) : made;
  const kept = applied.takenBack === null ? await keep(machine, applied, wanted, options) : [];
  const result = { ...applied, notes: [...applied.notes, ...kept] };
  const changed = applied.takenBack === null ? applied.journal !== null : applied.takenBack.length > 0;
  if (json) printDocument({ schema: SCHEMA, changed, ...result, refused: plan.refused }, options);
  else printLines(appliedLines(result, style), style);
  const status = applied.takenBack === null ? null : interruption.status();
  process.exitCode = status ?? (applied.failed.length > 0 ? EXIT.failed : EXIT.ok);
}

/** Its last change was made, but the terminal had gone by then: nobody sees what was done, so nothing is. */
async function restored(machine: LiveMachine, applied: Applied): Promise<Applied> {
  if (applied.takenBack !== null) return applied;
  const { journal } = applied;
  return { ...applied, takenBack: journal === null ? [] : (await takeBackOwn(machine, journal)).skipped };
}

const NOTHING = { done: [], failed: [] } as const;

/** A plan of a machine with 1,152 CPUs takes a tenth of it. */
const MOST_BYTES = 16 * 1024 * 1024;

async function planOf(options: ApplyCommandOptions): Promise<SavedPlan> {
  if (options.saved === undefined) {
    const planned = await loadPlan(options);
    requireSubject(planned, planOptionsOf(options));
    return { host: planned.view.host, plan: planned.plan, persisted: null };
  }
  if (options.iface !== undefined || options.port !== undefined)
    throw usage('--saved: the file already says what to tune', 'omit --iface and --port');
  if (options.persist)
    throw usage('--persist: a saved plan is persistent already', 'omit --persist or --saved');
  const path = options.saved;
  const text = await during(`--saved ${path}`, 'read access to it', () => readTrusted(path, MOST_BYTES));
  return savedPlan(openMachine(), text, path, options.force === true);
}

/** Prints what is not planned and the notes on the rest, before anything changes. */
export function printPlanNotes({ refused, notes }: Plan): void {
  createNotePrinter()([...refused.map(({ subject, why }) => `${subject}: ${why}`), ...notes]);
}

async function keep(
  machine: LiveMachine,
  { journal }: Applied,
  wanted: SavedPlan,
  options: ApplyCommandOptions,
): Promise<readonly string[]> {
  const file = listJournals(machine.state).find(({ id }) => id === journal);
  if (file === undefined)
    return options.persist
      ? ['nothing was changed, so no unit was written; run undo first, then apply --persist']
      : [];
  if (options.persist) return keepAtBoot(machine, file, wanted, OWN_COMMAND);
  return wanted.persisted === null ? [] : takeOver(machine, file, wanted.persisted);
}
