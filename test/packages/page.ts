/** The commands of the documentation, which the tests run as they are printed there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The indented lines below a heading, as one script each time that other text is between them. `page` is the path in the repository.
 * Throws if there are none.
 */
export function commandsOf(heading: string, page = 'docs/install.md'): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8');
  const sections = text.split(/^## /m);
  const section = sections.find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const blocks = section.split(/^(?! {4}|$).*$/m).map((block) => block.replace(/^ {4}/gm, '').trim());
  const commands = blocks.filter((block) => block !== '');
  if (commands.length === 0) throw new Error(`${page} has no commands under "${heading}"`);
  return commands;
}

/** The lines below README's "Install" that install a package, each as it is printed. Throws if one is missing. */
export function readmeInstall(): Readonly<
  Record<'clone' | 'deb' | 'rpm' | 'tar' | 'npm' | 'bpftrace' | 'completion', string>
> {
  const [clone = '', packages = '', ...more] = commandsOf('Install', 'README.md');
  const line = (text: string, words: string): string => {
    const found = text.split('\n').find((each) => each.includes(words));
    if (found === undefined) throw new Error(`README.md has no line with "${words}" under "Install"`);
    return found;
  };
  return {
    clone,
    deb: line(packages, '.deb'),
    rpm: line(packages, '.rpm'),
    tar: line(packages, '.tar.xz'),
    npm: line(packages, '.tgz'),
    bpftrace: line(more.join('\n'), 'apt install bpftrace'),
    completion: line(more.join('\n'), 'completion bash'),
  };
}
