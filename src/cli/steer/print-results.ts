/** What attach and detach print. */
import type { Line, Style } from '../../report/text.ts';
import type { AnyDocument } from '../documents.ts';
import { printDocument, printLines, sayParagraph, styleOf } from '../output.ts';
import type { SteerOptions } from './steer-options.ts';

interface Result {
  readonly group: string;
  readonly warnings?: readonly string[];
}

/** One group is the document itself; several (--all-groups) are a list in it. */
export function printResults<T extends Result>(
  results: readonly T[],
  options: SteerOptions,
  documentOf: (results: T | { readonly groups: readonly T[] }) => AnyDocument,
  lines: (style: Style) => readonly Line[],
): void {
  const [first] = results;
  if (options.json || options.pretty) {
    printDocument(
      documentOf(options.allGroups || first === undefined ? { groups: results } : first),
      options,
    );
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
