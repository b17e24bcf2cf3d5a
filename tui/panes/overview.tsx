/** The first screen: the two percentages on top, and the evidence below, if there is room. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import { receivingNics } from '../../src/path/receiving-nics.ts';
import { At } from '../at.tsx';
import { type Line, span } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';
import { CpuLoads } from './cpus.tsx';
import { groups } from './groups.tsx';
import { Locality } from './locality.tsx';
import { matrix } from './matrix.tsx';
import { paths } from './paths.tsx';
import { queues } from './queues.tsx';

/** Lines for the percentages, their histories and the verdict, before anything else is shown. */
const FIRST = 13;
const MOST_FIRST = 24;
/** Lines below which another pane is useless, and those from which one more row of panes is worth it. */
const SECOND = 8;
const ROW = 12;
/** Columns from which two panes fit side by side, and from which the CPUs do beside the percentages. */
const WIDE = 110;
const WIDEST = 150;
/** Columns of the CPUs. */
const CPUS = 70;

export const overview: Pane = {
  id: 'overview',
  title: 'Overview',
  render: (props) => <Overview {...props} />,
  rows: () => 0,
};

function Overview(props: PaneProps): ReactNode {
  const { width, height } = props;
  const wanted = height - FIRST >= SECOND ? beneath(props) : [];
  const first = wanted.length === 0 ? height : Math.min(MOST_FIRST, Math.max(FIRST, Math.ceil(height / 2)));
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Top {...props} height={first} />
      {rowsOf(wanted, height - first).map(({ panes, y, height: room }) => (
        <At key={panes[0]?.id} x={0} y={first + y}>
          <Abreast panes={panes} props={{ ...props, height: room }} />
        </At>
      ))}
    </Box>
  );
}

function Top(props: PaneProps): ReactNode {
  const { width, height, history } = props;
  if (width < WIDEST || history.at(-1)?.loads.length === 0) return <Locality {...props} />;
  const left = width - CPUS;
  return (
    <Box width={width} height={height} flexShrink={0}>
      <Locality {...props} width={left} />
      <At x={left} y={0}>
        <CpuLoads {...props} width={CPUS} />
      </At>
    </Box>
  );
}

/** Of the paths, the matrix, the groups and the queues those that have something to show, as many as fit. */
function beneath({ history, width, height }: PaneProps): readonly Pane[] {
  const now = history.at(-1);
  if (now === undefined) return [];
  const { paths: joined, host } = now.configuration;
  const wanted = [
    ...(joined.some(({ group }) => group !== null) ? [paths] : []),
    ...(now.rxMatrix ? [matrix] : []),
  ];
  if (width < WIDE) return wanted.slice(0, 1);
  const more = [
    ...(host.groups.length > 0 ? [groups] : []),
    ...(receivingNics(host).length > 0 ? [queues] : []),
  ];
  return [...wanted, ...more].slice(0, height - MOST_FIRST >= 2 * ROW ? 4 : Math.max(1, wanted.length));
}

interface Row {
  readonly panes: readonly Pane[];
  readonly y: number;
  readonly height: number;
}

/** Two panes in a row; the last one alone if their number is odd. */
function rowsOf(panes: readonly Pane[], height: number): readonly Row[] {
  const count = Math.ceil(panes.length / 2);
  return Array.from({ length: count }, (_, at): Row => {
    const y = Math.floor((at * height) / count);
    return {
      panes: panes.slice(2 * at, 2 * at + 2),
      y,
      height: Math.floor(((at + 1) * height) / count) - y,
    };
  });
}

/** Without a cursor, the worst first. */
function Abreast({
  panes,
  props,
}: {
  readonly panes: readonly Pane[];
  readonly props: PaneProps;
}): ReactNode {
  const { width, height } = props;
  const room = {
    ...props,
    cursor: -1,
    scroll: { x: 0, y: 0 },
    options: { ...props.options, order: 'worst' as const },
  };
  const left = panes.length === 1 ? width : Math.ceil(width * 0.6);
  const widths = [left, width - left];
  return (
    <Box width={width} height={height} flexShrink={0}>
      {panes.map((pane, index) => (
        <At key={pane.id} x={index * left} y={0}>
          <Titled pane={pane} props={{ ...room, width: widths[index] ?? width }} />
        </At>
      ))}
    </Box>
  );
}

function Titled({ pane, props }: { readonly pane: Pane; readonly props: PaneProps }): ReactNode {
  const { width, height, theme } = props;
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Rows lines={[ruleLine(pane.title, width, theme)]} width={width} height={1} theme={theme} />
      <At x={0} y={1}>
        {pane.render({ ...props, height: height - 1 })}
      </At>
    </Box>
  );
}

function ruleLine(title: string, width: number, { unicode }: Theme): Line {
  const dash = unicode ? '─' : '-';
  return [
    span(`${dash} `, 'dim'),
    span(title, 'strong'),
    span(` ${dash.repeat(Math.max(0, width - title.length - 4))} `, 'dim'),
  ];
}
