/** One line for each of our XDP programs: what it is, how much it does, and for whom. */
import type { Sample, XdpFigure } from '../../src/live/types.ts';
import { clean } from '../../src/report/text.ts';
import { percent } from '../../src/words/phrase.ts';
import type { Theme } from '../theme.ts';
import { fit, type Line, type Span, span } from './line.ts';
import { ppsText } from './values.ts';

/** More are in `xdp status`. */
const MOST = 4;

export const xdpLines = ({ xdp = [] }: Sample, width: number, theme: Theme): readonly Line[] =>
  xdp.slice(0, MOST).map((figure) => fit(lineOf(figure, theme), width, theme));

function lineOf({ nic, command, pps, parts, lost }: XdpFigure, theme: Theme): Line {
  const name = command === 'balance' ? command : `xdp ${command}`;
  return [
    span(` ${clean(nic, theme.unicode)} `, 'strong'),
    span(`${name} `, 'dim'),
    span(ppsText(pps, theme)),
    ...(lost === null || lost === 0 ? [] : [span(`  ${lost} lost`, 'remote')]),
    ...parts
      .toSorted(busiestFirst)
      .flatMap((part): Span[] => [
        span(`  ${clean(part.name, theme.unicode)} `, 'dim'),
        span(pps === null || pps === 0 || part.pps === null ? theme.mark.unknown : percent(part.pps / pps)),
      ]),
  ];
}

const busiestFirst = (a: { readonly pps: number | null }, b: { readonly pps: number | null }): number =>
  (b.pps ?? 0) - (a.pps ?? 0);
