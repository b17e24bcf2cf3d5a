/** `locality-tune xdp detach`: asks, detaches our program, and restores what was changed for it. */
import { undoneLines } from '../../report/tune.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { detachXdp } from '../../use-cases/xdp.ts';
import { NOTHING } from '../../xdp/state.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import type { DetachedProgram } from '../documents/xdp.ts';
import { during, EXIT } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, say, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { NEEDS_ROOT } from './needs-root.ts';

export interface XdpDetachOptions extends Globals {
  readonly iface: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** @param act the command, for messages */
export async function runXdpDetach(
  options: XdpDetachOptions,
  act: 'xdp detach' | 'balance detach' = 'xdp detach',
): Promise<void> {
  const document = (facts: DetachedProgram): void =>
    printDocument(
      act === 'xdp detach'
        ? { schema: 'locality-tune.xdp-detach/1', ...facts }
        : { schema: 'locality-tune.balance-detach/1', ...facts },
      options,
    );
  const { iface } = options;
  const json = options.json || options.pretty;
  requireRoot(act, NEEDS_ROOT);
  const machine = openMachine();
  const look = (dryRun: boolean, signal: AbortSignal) =>
    during(act, 'root', () => detachXdp(machine, iface, { dryRun, signal }));
  const { was, journals } = await look(true, new AbortController().signal);
  const attached = was !== NOTHING;
  const idle = !attached && journals === 0;
  if (!idle && !options.dryRun) requireAnswer(act, options.yes === true);
  if (idle || options.dryRun) {
    if (json)
      document({
        ...(options.dryRun ? { dryRun: true } : {}),
        iface,
        was: attached ? was : null,
        detached: false,
        journals: [],
      });
    else
      say(
        attached
          ? `would detach from ${iface}: ${was}\n`
          : `${iface} has no XDP program; ${idle ? 'nothing was changed' : `would restore what was changed for one`}\n`,
      );
    return;
  }
  if (!options.yes) {
    say(attached ? `${iface}: ${was}\n` : `${iface} has no XDP program now\n`);
    if (
      !(await confirm(
        `${attached ? 'Detach it, and restore' : 'Restore'} what was changed for ${attached ? 'it' : 'one'}?`,
      ))
    ) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  const interruption = heedInterruptions();
  const { undone } = await look(false, interruption.signal);
  if (json) document({ iface, was: attached ? was : null, detached: attached, journals: undone });
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    for (const each of undone) printLines(undoneLines(each, style), style);
    say(`${iface} has no XDP program now\n`);
  }
  const isDone = undone.every(({ skipped }) => skipped.every(({ settled }) => settled));
  process.exitCode = interruption.status() ?? (isDone ? EXIT.ok : EXIT.failed);
}
