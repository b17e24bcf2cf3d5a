/** Asks for a planned change of a balancer, makes it, and says what was done. */
import { balanceLines } from '../../report/balance.ts';
import type { PlannedBalance } from '../../use-cases/balance.ts';
import type { LiveMachine } from '../../use-cases/machine.ts';
import { takeBackOwn } from '../../use-cases/undo.ts';
import { applyXdp } from '../../use-cases/xdp.ts';
import { confirm } from '../confirm.ts';
import { EXIT } from '../errors.ts';
import { printDocument, printLines, progress, say, sayParagraph, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { type KeepOptions, keep } from '../xdp/keep.ts';

export interface ChangeOptions extends KeepOptions {
  readonly dryRun?: true;
  readonly yes?: true;
}

export interface Intent {
  readonly schema: 'locality-tune.balance-apply/1' | 'locality-tune.balance-remove/1';
  readonly iface: string;
  /** `Balance on eth0?` */
  readonly question: string;
  /** Then: `eth0 balances`. */
  readonly done: string;
}

/** One document on stdout with -j. */
export async function carryOut(
  machine: LiveMachine,
  { outlook, plan, warnings, refresh }: PlannedBalance,
  { schema, iface, question, done: doneWords }: Intent,
  options: ChangeOptions,
): Promise<void> {
  const json = options.json || options.pretty;
  const style = styleOf(options.color, process.stdout, process.env);
  const document = (journal: string | null, changed: boolean, notes: readonly string[] = []) =>
    printDocument(
      {
        schema,
        ...(options.dryRun ? { dryRun: true as const } : {}),
        iface,
        changed,
        journal,
        changes: plan.changes,
        ...outlook,
        warnings,
        notes,
      },
      options,
    );
  const tell = (notes: readonly string[]): void => {
    for (const note of notes) sayParagraph('note: ', note);
  };
  if (!json) for (const warning of warnings) sayParagraph('note: ', warning);
  if (plan.changes.length === 0 && refresh !== null) {
    const what = `the MAC address and MTU that ${iface} has now`;
    if (options.dryRun) {
      if (json) document(null, false);
      else say(`would give the balancer ${what}\n`);
      return;
    }
    await refresh();
    const notes = await keep(machine, iface, null, options);
    if (json) return document(null, true, notes);
    say(`the balancer has ${what} (digest ${outlook.digest})\n`);
    return tell(notes);
  }
  if (plan.changes.length === 0) {
    const notes = options.dryRun ? [] : await keep(machine, iface, null, options);
    if (json) return document(null, false, notes);
    say(`unchanged: ${iface} does this already (digest ${outlook.digest})\n`);
    return tell(notes);
  }
  if (options.dryRun) {
    if (json) document(null, false);
    else printLines(balanceLines(outlook, style), style);
    return;
  }
  if (!options.yes) {
    printLines(balanceLines(outlook, style), style);
    if (!(await confirm(question))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  const interruption = heedInterruptions();
  const done = progress('attaching ...');
  const made = await applyXdp(machine, plan, interruption.signal).finally(done);
  const restored =
    made.takenBack === null && interruption.signal.aborted && made.journal !== null
      ? (await takeBackOwn(machine, made.journal)).skipped
      : made.takenBack;
  const notes = restored === null ? await keep(machine, iface, made.journal, options) : [];
  if (json) document(made.journal, restored === null ? made.journal !== null : restored.length > 0, notes);
  else if (restored === null) {
    say(`${doneWords} (digest ${outlook.digest})\n`);
    tell(notes);
  } else
    say(
      restored.length === 0
        ? 'interrupted: everything was restored\n'
        : 'interrupted: not everything was restored; run `locality-tune undo`\n',
    );
  process.exitCode = interruption.status() ?? EXIT.ok;
}
