/** Panes as they are drawn, without an app around them. */
import { stripVTControlCharacters } from 'node:util';
import { Box, type DOMElement, renderToString } from 'ink';
import { createElement } from 'react';
import type { Sample } from '../../src/live/types.ts';
import type { Pane, PaneProps } from '../../tui/pane.ts';
import { type Theme, themeOf } from '../../tui/theme.ts';

export const plain = themeOf({ LANG: 'C.UTF-8' }, { when: 'never', background: 'dark' });
export const ascii = themeOf({}, { when: 'never', background: 'dark' });
export const colours = themeOf(
  { LANG: 'C.UTF-8', TERM: 'xterm-256color' },
  { when: 'auto', background: 'dark' },
);

export const sixteen = themeOf({ LANG: 'C.UTF-8', TERM: 'xterm' }, { when: 'auto', background: 'light' });

export interface Size {
  readonly width: number;
  readonly height: number;
}

export function propsOf(
  history: readonly Sample[],
  { width, height }: Size,
  theme: Theme,
  more: Partial<PaneProps> = {},
): PaneProps {
  return {
    history,
    width,
    height,
    theme,
    cursor: 0,
    scroll: { x: 0, y: 0 },
    filter: '',
    marks: [],
    options: { matrix: 'rx', zoom: 1, order: 'listed' },
    ...more,
  };
}

/** The lines of a pane, without escape sequences. */
export function linesOf(pane: Pane, props: PaneProps): string[] {
  return stripVTControlCharacters(renderToString(pane.render(props), { columns: props.width })).split('\n');
}

/** How many Text elements a pane makes: what a frame costs. */
export function textsOf(pane: Pane, props: PaneProps): number {
  let texts = 0;
  const count = (node: DOMElement | null) => {
    if (node === null) return;
    if (node.nodeName === 'ink-text') texts++;
    else for (const child of node.childNodes) if (child.nodeName !== '#text') count(child);
  };
  renderToString(createElement(Box, { ref: count }, pane.render(props)), { columns: props.width });
  return texts;
}
