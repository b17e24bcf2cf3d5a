/** The commands of docs/install.md, which the tests run as they are printed there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = readFileSync(join(import.meta.dirname, '../../docs/install.md'), 'utf8');

/** The indented lines below a heading, as one script each time that other text is between them. Throws if there are none. */
export function commandsOf(heading: string): readonly string[] {
  const sections = page.split(/^## /m);
  const section = sections.find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const blocks = section.split(/^(?! {4}|$).*$/m).map((block) => block.replace(/^ {4}/gm, '').trim());
  const commands = blocks.filter((block) => block !== '');
  if (commands.length === 0) throw new Error(`docs/install.md has no commands under "${heading}"`);
  return commands;
}
