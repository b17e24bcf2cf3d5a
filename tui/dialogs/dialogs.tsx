/** Dialogs, which replace the pane while they ask or explain something. */
import type { ReactNode } from 'react';
import type { Sample } from '../../src/live/types.ts';
import { wrap } from '../../src/report/text.ts';
import { type Line, span, widthOf } from '../components/line.ts';
import { BINDINGS } from '../keys.ts';
import type { AttachDialog, ConfirmDialog, Dialog } from '../state.ts';
import type { Theme } from '../theme.ts';
import { attachDialogLines } from './attach.ts';
import { findingLines } from './finding.ts';
import { Frame, within } from './frame.tsx';
import { resultLines } from './result.ts';

export interface DialogProps {
  readonly dialog: Dialog;
  readonly sample: Sample;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
}

export function DialogView({ dialog, sample, ...size }: DialogProps): ReactNode {
  const { columns, room } = within(size);
  const { title, lines, keys } = contentOf(dialog, sample, columns, room, size.theme);
  const scroll = 'scroll' in dialog ? dialog.scroll : 0;
  return <Frame title={title} lines={lines} keys={keys} scroll={scroll} {...size} />;
}

/** The last line to which a dialog can be scrolled. */
export function lastLine({ dialog, sample, ...size }: DialogProps): number {
  const { columns, room } = within(size);
  return Math.max(0, contentOf(dialog, sample, columns, room, size.theme).lines.length - room);
}

export interface Content {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly keys: string;
}

/** @param columns within the frame, and `room` lines, which content that cannot be scrolled must fit into */
export function contentOf(
  dialog: Dialog,
  sample: Sample,
  columns: number,
  room: number,
  theme: Theme,
): Content {
  switch (dialog.kind) {
    case 'help':
      return { title: 'Keys', lines: helpLines(columns), keys: 'esc: close' };
    case 'notes':
      return {
        title: 'Notes: what is missing, and how it was measured',
        lines: noteLines(sample, columns, theme),
        keys: 'esc: close',
      };
    case 'finding':
      return {
        title: dialog.finding.rule,
        lines: findingLines(dialog.finding, columns, theme),
        keys: dialog.finding.fix.length === 0 ? 'esc: close' : 'c: copy the commands; esc: close',
      };
    case 'attach':
      return attachContent(dialog, columns, room, theme);
    case 'confirm':
      return confirmContent(dialog, columns, theme);
    case 'result':
      return {
        title: dialog.title,
        lines: resultLines(dialog, columns, theme),
        keys: 'esc: close',
      };
  }
}

const LABEL = 14;
/** Columns of a help text and its label. */
const HELP = 38;

/** What changes something first; everything on a screen of 80 x 24, in two columns. */
function helpLines(columns: number): Line[] {
  const sections = [...Map.groupBy(BINDINGS, ({ section }) => section)].map(([name, bindings]): Line[] => [
    [span(name, 'strong')],
    ...bindings
      .filter(({ label }) => label !== '')
      .map(({ label, help }) => [span(label.padEnd(LABEL), 'accent'), span(help)]),
  ]);
  const [act = [], move = [], view = [], replay = []] = sections;
  if (columns < 2 * HELP) return [...act, [], ...move, [], ...view, [], ...replay];
  const [left, right] = [
    [...act, [], ...move],
    [...view, [], ...replay],
  ];
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) => {
    const first = left[row] ?? [];
    return [...first, span(' '.repeat(Math.max(1, HELP - widthOf(first)))), ...(right[row] ?? [])];
  });
}

function noteLines({ probe, configuration }: Sample, columns: number, theme: Theme): Line[] {
  const state =
    probe.coverage === null ? `Probe: ${probe.state}` : `Probe: ${probe.state}, by ${probe.coverage}`;
  const notes = [
    ...new Set([
      ...probe.notes,
      ...configuration.host.notes,
      ...configuration.host.nics.flatMap(({ notes }) => notes),
    ]),
  ];
  return [[span(state, 'strong')], [], ...notes.flatMap((note) => bullet(note, columns, theme))];
}

function bullet(text: string, columns: number, theme: Theme): Line[] {
  return wrap(text, columns - 2, theme.unicode).map((line, index) => [
    span(index === 0 ? '- ' : '  ', 'dim'),
    span(line),
  ]);
}

function attachContent(dialog: AttachDialog, columns: number, room: number, theme: Theme): Content {
  const { preview, busy, groups } = dialog;
  const choose = `esc: cancel; up, down: program${groups.length > 1 ? '; left, right: group' : ''}`;
  const ready = preview !== null && typeof preview !== 'string';
  const word = !ready || preview.attached ? '' : preview.foreign ? 'Y: replace it anyway; ' : 'y: attach; ';
  return {
    title: 'Attach a program',
    lines: attachDialogLines(dialog, columns, room, theme),
    keys: busy ? 'attaching ...' : `${word}${choose}`,
  };
}

function confirmContent({ prepared, busy }: ConfirmDialog, columns: number, theme: Theme): Content {
  const { title, lines, choices } = prepared;
  const offered = choices.map(({ key, label }) => `${key}: ${label}; `).join('');
  return {
    title,
    lines: lines.flatMap((line) => wrap(line, columns, theme.unicode).map((each) => [span(each)])),
    keys: busy
      ? 'working ...; esc: close, it continues'
      : choices.length === 0
        ? 'esc: close'
        : `${offered}esc: cancel`,
  };
}
