/** The dialog to choose a program for a group: the programs, their purpose, and the warnings of a trial run. */
import { isProgramName, programNamed } from '../../src/cbpf/programs.ts';
import type { Preview } from '../../src/live/types.ts';
import { clean, wrap } from '../../src/report/text.ts';
import { count } from '../../src/words/phrase.ts';
import { type Line, span } from '../components/line.ts';
import { viewport } from '../components/viewport.ts';
import type { AttachDialog } from '../state.ts';
import type { Theme } from '../theme.ts';

const NAME = 20;

/**
 * Fits into `room` lines: the key's effect and the warnings have priority over the list of programs and the assembler.
 */
export function attachDialogLines(dialog: AttachDialog, columns: number, room: number, theme: Theme): Line[] {
  const group = dialog.groups[dialog.group];
  if (group === undefined) return [];
  const { id, size, selection } = group;
  const now = group.program === null ? (selection ?? 'not known') : (group.program.name ?? 'a program');
  const head: Line[] = [
    [span(clean(id, theme.unicode), 'strong'), span(`  ${size} sockets, chosen by ${now}`)],
    ...(dialog.groups.length > 1
      ? [[span(`group ${dialog.group + 1} of ${dialog.groups.length}`, 'dim')]]
      : []),
    [],
  ];
  const said = [[], ...previewLines(dialog.preview, columns, theme)];
  const view = viewport(
    dialog.programs.length,
    Math.max(1, room - head.length - said.length),
    dialog.program,
    0,
  );
  const programs = dialog.programs
    .slice(view.start, view.end)
    .map((name, index) => programLine(name, view.start + index === dialog.program, theme));
  const above = [...head, ...programs, ...said];
  return [...above, ...asmLines(dialog.preview, room - above.length)];
}

function programLine(name: string, chosen: boolean, { mark }: Theme): Line {
  const about = isProgramName(name) ? programNamed(name).purpose : '';
  return [
    span(chosen ? `${mark.cursor} ` : '  ', 'accent'),
    span(name.padEnd(NAME), chosen ? 'strong' : null),
    span(about, 'dim'),
  ];
}

function previewLines(preview: AttachDialog['preview'], columns: number, theme: Theme): Line[] {
  if (preview === null) return [[span('checking ...', 'dim')]];
  if (typeof preview === 'string')
    return wrap(preview, columns, theme.unicode).map((line) => [span(line, 'remote')]);
  return [...changeLines(preview, columns, theme), ...warningLines(preview, columns, theme)];
}

function changeLines(
  { group, program, now, attached, foreign }: Preview,
  columns: number,
  theme: Theme,
): Line[] {
  const what = attached
    ? `${group} already has this program.`
    : `${foreign ? 'Y' : 'y'} attaches \`${program}\` to ${group} (now: ${now}). \`d\` detaches it.`;
  return wrap(what, columns, theme.unicode).map((line) => [span(line, 'strong')]);
}

function warningLines({ warnings, foreign }: Preview, columns: number, theme: Theme): Line[] {
  const replaced =
    'The attached program is foreign: the server may depend on it, and an eBPF program cannot be restored.';
  return [...(foreign ? [replaced] : []), ...warnings].flatMap((warning) =>
    wrap(warning, columns - 2, theme.unicode).map((line, index) => [
      span(index === 0 ? `${theme.mark.partly} ` : '  ', 'partly'),
      span(line),
    ]),
  );
}

/** Enough lines to see what it does; a map of 512 CPUs is longer than any screen. */
const MOST_LINES = 12;

function asmLines(preview: AttachDialog['preview'], room: number): Line[] {
  if (preview === null || typeof preview === 'string') return [];
  const lines = preview.asm.split('\n');
  const most = Math.min(MOST_LINES, room - 2);
  if (most < 1) return [];
  const more = lines.length - most;
  return [
    [],
    ...lines.slice(0, most).map((line) => [span('  '), span(line, 'accent')]),
    ...(more > 0 ? [[span(`  ${count(more, 'more instruction')}`, 'dim')]] : []),
  ];
}
