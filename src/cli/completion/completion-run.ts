/** `locality-tune completion`: the script of a shell, or the candidates that it asks for. */
import type { Command } from 'commander';
import { print } from '../output.ts';
import { candidates } from './candidates.ts';
import { SCRIPTS, type Shell } from './scripts.ts';
import { valuesOf } from './values.ts';
import { joinWords } from './words.ts';

export const printScript = (shell: Shell): void => print(SCRIPTS[shell].text);

/** @param words those after the program's name, up to the one at the cursor */
export async function printCandidates(
  shell: Shell,
  words: readonly string[],
  program: Command,
): Promise<void> {
  const { joined, kept } = shell === 'bash' ? joinWords(words) : { joined: words, kept: 0 };
  const { how, offers } = await candidates(program, joined, valuesOf);
  const lines = offers.map(({ value, says }) => `${value.slice(kept)}\t${says}`);
  print(`${[how.join(' '), ...lines].join('\n')}\n`);
}
