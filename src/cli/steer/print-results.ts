/** What attach and detach print. */
import type { Line, Style } from '../../report/text.ts';
import { printDocument, printLines, sayParagraph, styleOf } from '../output.ts';
import type { SteerOptions } from './steer-options.ts';

/** One group is the document itself; several (--all-groups) are a list in it. */
export function printResults(
  command: 'attach' | 'detach',
  results: readonly { readonly group: string; readonly warnings?: readonly string[] }[],
  options: SteerOptions,
  lines: (style: Style) => readonly Line[],
): void {
  const schema = `locality-tune.${command}/1`;
  if (options.json || options.pretty) {
    printDocument(options.allGroups ? { schema, groups: results } : { schema, ...results[0] }, options);
    return;
  }
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(lines(style), style);
  printWarnings(results);
}

export function printWarnings(
  results: readonly { readonly group: string; readonly warnings?: readonly string[] }[],
): void {
  for (const { group, warnings = [] } of results)
    for (const warning of warnings) sayParagraph('warning: ', `${group}: ${warning}`);
}
