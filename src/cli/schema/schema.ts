/** `locality-tune schema`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';

const HELP = `
Prints the JSON Schema (draft 7) of what a command prints with --json, or of a file that this
program writes: journal, recording, saved (a plan) or snapshot. Of journals, recordings and commands
that print a line per interval it describes one line. Without NAME it lists the names.

Names are only ever added, and a list of words may get new ones. So validate with the schema of the
version that made the document, and ignore what you do not know.

Examples:
  locality-tune schema
  locality-tune schema inspect > inspect.schema.json`;

export function register(program: Command): void {
  program
    .command('schema')
    .description('Print the JSON Schema of a document or file')
    .argument('[name]', 'inspect, skb, snapshot, …')
    .addHelpText('after', HELP)
    .action(async (name: string | undefined) => {
      const { listSchemas, showSchema } = await import('./schema-run.ts');
      if (name === undefined) listSchemas();
      else showSchema(name);
    });
}
