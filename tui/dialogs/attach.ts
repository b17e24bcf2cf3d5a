/** The choice of a program for a group: what it is, what it says of itself, and what a trial of it warns of. */
import { ABOUT } from '../../src/cbpf/programs.ts';
import type { Preview } from '../../src/live/types.ts';
import { clean, wrap } from '../../src/report/text.ts';
import { type Line, span } from '../components/line.ts';
import type { AttachDialog } from '../state.ts';
import type { Theme } from '../theme.ts';

const NAME = 20;

export function attachLines(dialog: AttachDialog, columns: number, theme: Theme): Line[] {
  const group = dialog.groups[dialog.group];
  if (group === undefined) return [];
  const { id, size, selection } = group;
  const now = group.program === null ? (selection ?? 'not known') : (group.program.name ?? 'a program');
  return [
    [span(clean(id, theme.unicode), 'strong'), span(`  ${size} sockets, chosen by ${now}`)],
    ...(dialog.groups.length > 1
      ? [[span(`group ${dialog.group + 1} of ${dialog.groups.length}`, 'dim')]]
      : []),
    [],
    ...dialog.programs.map((name, index): Line => {
      const at = index === dialog.program;
      const about = Object.entries(ABOUT).find(([known]) => known === name)?.[1].purpose ?? '';
      return [
        span(at ? `${theme.mark.cursor} ` : '  ', 'accent'),
        span(name.padEnd(NAME), at ? 'strong' : null),
        span(about, 'dim'),
      ];
    }),
    [],
    ...previewLines(dialog.preview, columns, theme),
  ];
}

function previewLines(preview: AttachDialog['preview'], columns: number, theme: Theme): Line[] {
  if (preview === null) return [[span('trying it ...', 'dim')]];
  if (typeof preview === 'string')
    return wrap(preview, columns, theme.unicode).map((line) => [span(line, 'remote')]);
  return [
    ...changeLines(preview, columns, theme),
    ...warningLines(preview, columns, theme),
    ...asmLines(preview.asm),
  ];
}

function changeLines(
  { group, program, now, attached, foreign }: Preview,
  columns: number,
  theme: Theme,
): Line[] {
  const what = attached
    ? `${group} has it already.`
    : `${foreign ? 'Y' : 'y'} puts \`${program}\` on ${group}; now: ${now}. \`d\` takes it off again.`;
  return wrap(what, columns, theme.unicode).map((line) => [span(line, 'strong')]);
}

function warningLines({ warnings, foreign }: Preview, columns: number, theme: Theme): Line[] {
  const replaced =
    'What is there now is not known to be ours: it may be what keeps the server right, and an eBPF program can not be put back.';
  return [...(foreign ? [replaced] : []), ...warnings].flatMap((warning) =>
    wrap(warning, columns - 2, theme.unicode).map((line, index) => [
      span(index === 0 ? `${theme.mark.partly} ` : '  ', 'partly'),
      span(line),
    ]),
  );
}

/** Enough to see what it does; a map of 512 CPUs is longer than any screen. */
const MOST_LINES = 12;

function asmLines(asm: string): Line[] {
  const lines = asm.split('\n');
  const more = lines.length - MOST_LINES;
  return [
    [],
    ...lines.slice(0, MOST_LINES).map((line) => [span('  '), span(line, 'accent')]),
    ...(more > 0 ? [[span(`  ${more} instructions more`, 'dim')]] : []),
  ];
}
