/** `locality-tune findings`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import type { Globals } from '../options.ts';

const EXAMPLES = `
A finding of \`inspect\` or \`live\` shows its rule in brackets. With RULE, prints what it sees, what
that costs, how to fix it, and when to ignore it. It reads nothing from the machine.

Examples:
  locality-tune findings
  locality-tune findings worker-not-pinned
  locality-tune findings -j | jq -r '.rules[] | select(.severities[0] == "error").rule'`;

export function register(program: Command): void {
  program
    .command('findings')
    .description('List the findings that inspect can have, or explain one')
    .argument('[rule]', 'name of a rule, as inspect prints it in brackets')
    .addHelpText('after', EXAMPLES)
    .action(async (rule: string | undefined, _options: unknown, command: Command) => {
      const { listRules, showRule } = await import('./findings-run.ts');
      const options = command.optsWithGlobals<Globals>();
      if (rule === undefined) listRules(options);
      else showRule(rule, options);
    });
}
