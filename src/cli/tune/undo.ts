/** `locality-tune undo`: its options and help. What it does is loaded when it runs. */
import type { Command } from 'commander';
import { integer } from '../options.ts';
import type { UndoCommandOptions } from './undo-run.ts';

const HELP = `
Takes back the newest apply, or tune, that is in force: in reverse order, each setting to what it was,
also after a crash or a kill in the middle. What someone changed since is left alone and named;
--force restores that, too. After a reboot nothing is in force but what --persist has written: that
is removed.

Examples:
  locality-tune status
  locality-tune undo --dry-run
  locality-tune undo
  locality-tune undo --journal 7 --yes
  locality-tune undo --all --yes`;

export function register(program: Command): void {
  program
    .command('undo')
    .description('Take back what apply or tune has changed, newest first')
    .option('--journal <id>', 'this one, instead of the newest', integer('--journal', 1, 999_999_999))
    .option('--all', 'all of them')
    .option('--force', 'restore what someone has changed since, too')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show what it would restore; change nothing')
    .addHelpText('after', HELP)
    .action(async (_options: unknown, command: Command) => {
      const { runUndo } = await import('./undo-run.ts');
      await runUndo(command.optsWithGlobals<UndoCommandOptions>());
    });
}
