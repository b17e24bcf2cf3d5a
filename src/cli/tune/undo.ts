/** `locality-tune undo`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import type { UndoCommandOptions } from './undo-run.ts';

const HELP = `
Restores every setting that the newest apply or tune changed, in reverse order, also after a crash
or a kill. If someone has changed a setting since, it leaves that setting alone and names it;
--force restores it too. After a reboot the settings are gone, so it only removes the unit that
--persist wrote.

Examples:
  locality-tune status
  locality-tune undo --dry-run
  locality-tune undo
  locality-tune undo --journal 7 --yes
  locality-tune undo --all --yes`;

export function register(program: Command): void {
  program
    .command('undo')
    .description('Restore what apply or tune changed, newest first')
    .option('--journal <id>', 'undo this journal instead of the newest', integer('--journal', 1, 999_999_999))
    .option('--all', 'undo all journals')
    .option('--force', 'also restore settings that someone has changed since')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'only show what would be restored and what would be left alone')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runUndo } = await import('./undo-run.ts');
      await runUndo(command.optsWithGlobals<UndoCommandOptions>());
    });
}
