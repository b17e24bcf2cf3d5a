/** Packets by first CPU (received, sent) and last CPU (read, freed): off the diagonal they have changed CPUs. */
import { type ReactNode, useMemo } from 'react';
import { formatCpuList } from '../../src/host/cpus.ts';
import type { Sample } from '../../src/live/types.ts';
import { percentOf } from '../../src/measure/percent.ts';
import { type Block, blocksOf, coarsen, extentOf, type Level, levelsOf } from '../components/blocks.ts';
import { percentIn } from '../components/figures.ts';
import { hasShades } from '../components/heat-map.ts';
import { justify, type Line, merge, type Span, span } from '../components/line.ts';
import {
  bodyLines,
  GUTTER,
  type MatrixView,
  matrixHead,
  type Picture,
  severalNodes,
} from '../components/matrix-cells.ts';
import { Rows } from '../components/rows.tsx';
import { sentence } from '../components/text.ts';
import { percentText, percentTone, rateText } from '../components/values.ts';
import { type Viewport, viewport } from '../components/viewport.ts';
import type { Pane, PaneProps } from '../pane.ts';

export const matrix: Pane = {
  id: 'matrix',
  title: 'Matrix',
  render: (props) => <MatrixPane {...props} />,
  rows: (props) => {
    const now = props.history.at(-1);
    return now === undefined ? 0 : blocksOf(now.cpus, numaOf(now), levelOf(props, now).size).length;
  },
};

/** Title, numbers of CPUs above, legend, the cell under the cursor. */
const FRAME = 4;

const numaOf = ({ configuration }: Sample) => configuration.host.machine.cpus.numa;

/** The largest cell size that shows the whole machine, `zoom` - 1 steps larger. */
function levelOf(
  { width, height, options, theme }: Omit<PaneProps, 'cursor' | 'scroll'>,
  now: Sample,
): Level {
  const levels = levelsOf(hasShades(theme));
  const fitting = levels.findLastIndex((level) => {
    const extent = extentOf(now.cpus, numaOf(now), level);
    return extent.width <= width - GUTTER && extent.height <= height - FRAME;
  });
  const at = Math.min(levels.length - 1, Math.max(0, fitting) + Math.max(0, options.zoom - 1));
  return levels[at] ?? { size: 1, columns: 1, halves: false };
}

function MatrixPane(props: PaneProps): ReactNode {
  const { history, width, height, theme } = props;
  const now = history.at(-1);
  const level = now && levelOf(props, now);
  const counts = now?.[props.options.matrix === 'rx' ? 'rxMatrix' : 'txMatrix'] ?? null;
  const size = level?.size ?? 1;
  const blocks = useMemo(() => (now ? blocksOf(now.cpus, numaOf(now), size) : []), [now, size]);
  const coarse = useMemo(() => (counts ? coarsen(counts, blocks) : null), [counts, blocks]);
  const lines =
    now === undefined || level === undefined
      ? []
      : coarse === null
        ? uncounted(now, props)
        : pictureLines(props, { now, theme, level, blocks, coarse });
  return <Rows lines={lines} width={width} height={height} theme={theme} />;
}

function uncounted({ probe }: Sample, { options, width, theme }: PaneProps): readonly Line[] {
  const why = probe.state === 'starting' ? ['waiting for the probe'] : probe.notes;
  return [
    [span(` ${options.matrix} is not counted by CPU.`, 'unknown')],
    ...why.flatMap((note) => sentence(note, width, theme, 'dim')),
  ];
}

function pictureLines(props: PaneProps, picture: Picture): readonly Line[] {
  const { width, height, cursor, scroll } = props;
  const { blocks, level } = picture;
  const borders = new Set(blocks.map(({ node }) => node)).size - 1;
  const room = Math.floor((width - GUTTER - borders) / level.columns);
  const columns = viewport(blocks.length, room, cursor < 0 ? -1 : scroll.x, 0);
  const row = viewport(blocks.length, blocks.length, cursor, 0).cursor;
  const view = { ...picture, row, column: columns.cursor, parts: partsOf(blocks, columns) };
  const body = bodyLines(view);
  const lines = viewport(
    body.length,
    height - FRAME,
    body.findIndex(({ rows }) => rows.includes(row)),
    0,
  );
  return [
    titleLine(picture, props),
    matrixHead(view),
    ...body.slice(lines.start, lines.end).map(({ draw }) => draw()),
    legendLine(picture),
    cellLine(view),
  ];
}

/** Visible columns, node by node. */
function partsOf(blocks: readonly Block[], { start, end }: Viewport): MatrixView['parts'] {
  const visible = Array.from({ length: end - start }, (_, at) => start + at);
  return [...Map.groupBy(visible, (at) => blocks[at]?.node).values()];
}

function titleLine({ now, theme }: Picture, { options, width }: PaneProps): Line {
  const { packets } = now[options.matrix];
  const percent = percentIn(now, options.matrix);
  const perSecond = packets === null ? null : packets / now.seconds;
  return justify(
    [
      span(` ${options.matrix}${now.port === null ? '' : ` :${now.port}`}`, 'strong'),
      span(
        `  ${options.matrix === 'rx' ? 'received' : 'sent'} (row) ${theme.unicode ? '→' : '->'} ${options.matrix === 'rx' ? 'read' : 'freed'} (column)`,
        'dim',
      ),
    ],
    [
      span(percentText(percent, theme), percentTone(percent)),
      span(` % of ${rateText(perSecond, theme)}/s local `),
    ],
    width,
    theme,
  );
}

/** The cell under the cursor in numbers, and its row. */
function cellLine({ blocks, coarse, now, row, column, theme }: MatrixView): Line {
  const [from, to] = [blocks[row], blocks[column]];
  if (from === undefined || to === undefined) return [];
  const packets = coarse.sums[row]?.[column] ?? 0;
  const sent = coarse.sums[row]?.reduce((sum, each) => sum + each, 0) ?? 0;
  const arrow = theme.unicode ? '→' : '->';
  const name = ({ cpus }: Block) => `CPU ${formatCpuList(cpus)}`;
  return [
    span(` ${name(from)} ${arrow} ${name(to)} `, 'strong'),
    span(` ${rateText(packets / now.seconds, theme)}/s, ${percentText(percentOf(packets, sent), theme)} %`),
    span(` of the ${rateText(sent / now.seconds, theme)}/s from ${name(from)}`),
  ];
}

/** Legend: from few packets to the most, in the colours of the cells. */
function legendLine({ blocks, coarse, now, theme }: Picture): Line {
  const several = severalNodes(blocks);
  const shades = (tone: 'local' | 'partly' | 'remote'): Span[] =>
    [0.1, 0.4, 0.7, 1].map((value) => {
      const { character, foreground } = theme.ramp(value, tone);
      return { ...span(hasShades(theme) ? '█' : character), foreground };
    });
  return merge([
    span(' '),
    ...shades('local'),
    span(' same CPU  '),
    ...(several ? [...shades('partly'), span(' same node  ')] : []),
    ...shades('remote'),
    span(several ? ' another node' : ' another CPU'),
    span(`  few to most: ${rateText(coarse.most / now.seconds, theme)}/s`, 'dim'),
  ]);
}
