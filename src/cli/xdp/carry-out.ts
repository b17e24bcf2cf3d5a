/** Shows what an attach would change, asks, attaches, and prints the result. */
import { changeLines } from '../../report/tune.ts';
import { attachedLines } from '../../report/xdp.ts';
import type { Plan } from '../../tune/types.ts';
import type { LiveMachine } from '../../use-cases/machine.ts';
import { takeBackOwn } from '../../use-cases/undo.ts';
import { applyXdp } from '../../use-cases/xdp.ts';
import { readStatus } from '../../xdp/status.ts';
import { confirm } from '../confirm.ts';
import type { XdpAttachment, XdpInterface } from '../documents/xdp.ts';
import { EXIT } from '../errors.ts';
import { printDocument, printLines, progress, say, sayParagraph, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { type KeepOptions, keep } from './keep.ts';
import { toDocument } from './status-document.ts';

export interface AttachXdpOptions extends KeepOptions {
  readonly iface: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

export interface Planned {
  readonly plan: Plan;
  readonly warnings: readonly string[];
  /** `UDP to port 4000 by flow, to CPUs 0-3`. */
  readonly does: string;
  /** Of the document, where nothing is attached yet. */
  readonly document: Pick<XdpInterface, 'mode' | 'by' | 'ports' | 'cpus' | 'queueSize'>;
}

export async function carryOut(
  machine: LiveMachine,
  schema: XdpAttachment['schema'],
  { plan, warnings, does, document }: Planned,
  options: AttachXdpOptions,
): Promise<void> {
  const { iface, dryRun, yes } = options;
  const json = options.json || options.pretty;
  const style = styleOf(options.color, process.stdout, process.env);
  const print = async (
    journal: string | null,
    changed: boolean,
    notes: readonly string[] = [],
  ): Promise<void> => {
    const [found] = await readStatus(machine, [iface]);
    const { warnings: found_, ...now } = found === undefined ? NOTHING : toDocument(found);
    printDocument(
      {
        schema,
        ...(dryRun ? { dryRun: true } : {}),
        changed,
        journal,
        changes: plan.changes,
        ...now,
        iface,
        ...document,
        warnings: [...warnings, ...found_],
        notes,
      },
      options,
    );
  };
  if (!json) for (const warning of warnings) sayParagraph('note: ', warning);
  if (dryRun) {
    if (json) return print(null, false);
    if (plan.changes.length > 0) return printLines(changeLines(plan.changes, style), style);
    return say(`unchanged: ${iface}: ${does} already\n`);
  }
  if (plan.changes.length === 0) {
    const notes = await keep(machine, iface, null, options);
    if (json) return print(null, false, notes);
    say(`unchanged: ${iface}: ${does} already\n`);
    for (const note of notes) sayParagraph('note: ', note);
    return;
  }
  if (!yes) {
    printLines(changeLines(plan.changes, style), style);
    if (!(await confirm(`${iface}: ${does}. Attach it?`))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  const interruption = heedInterruptions();
  const done = progress('attaching ...');
  const made = await applyXdp(machine, plan, interruption.signal).finally(done);
  const left =
    made.takenBack === null && interruption.signal.aborted && made.journal !== null
      ? (await takeBackOwn(machine, made.journal)).skipped
      : made.takenBack;
  const notes = left === null ? await keep(machine, iface, made.journal, options) : [];
  if (json) await print(made.journal, left === null ? made.journal !== null : left.length > 0, notes);
  else if (left === null) {
    printLines(attachedLines(iface, does, style), style);
    for (const note of notes) sayParagraph('note: ', note);
  } else if (left.length === 0) say('interrupted: everything was restored\n');
  else say('interrupted: not everything was restored; run `locality-tune undo`\n');
  process.exitCode = interruption.status() ?? EXIT.ok;
}

const NOTHING = { program: null, counters: null, arrived: null, lost: null, sport: null, warnings: [] };
