/** `locality-tune completion`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { usage } from '../errors.ts';
import type { Shell } from './scripts.ts';

const HELP = `
Prints a script that completes commands, options, interfaces, ports, programs and journals. The
packages install it; this is for other installations.

Examples:
  source <(locality-tune completion bash)                 for this shell; add it to ~/.bashrc
  locality-tune completion zsh > "\${fpath[1]}/_locality-tune"
  locality-tune completion fish > ~/.config/fish/completions/locality-tune.fish`;

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

export function register(program: Command): void {
  program
    .command('completion')
    .description('Print a script that completes the command line in bash, zsh or fish')
    .usage('[options] <shell>')
    .argument('<shell>', SHELLS.join(', '))
    // What the script asks for: the words before the cursor.
    .argument('[words...]')
    .addHelpText('after', HELP)
    .action(async (name: string, words: readonly string[], _options: unknown, command: Command) => {
      const shell = SHELLS.find((known) => known === name);
      if (shell === undefined) throw usage(`completion '${name}': must be one of ${SHELLS.join(', ')}`);
      const { printCandidates, printScript } = await import('./completion-run.ts');
      if (words.length === 0) printScript(shell);
      else await printCandidates(shell, words, command.parent ?? command);
    });
}
