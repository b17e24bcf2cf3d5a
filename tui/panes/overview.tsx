/** The first screen: the two percentages on top, and the evidence below, if there is room. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import { At } from '../at.tsx';
import { type Line, span } from '../components/line.ts';
import { Rows } from '../components/rows.tsx';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';
import { Locality } from './locality.tsx';
import { matrix } from './matrix.tsx';
import { paths } from './paths.tsx';

/** Lines for the percentages, their histories and the verdict, before anything else is shown. */
const FIRST = 13;
const MOST_FIRST = 24;
/** Lines below which another pane is useless. */
const SECOND = 8;
/** Columns from which two panes fit side by side. */
const WIDE = 110;

export const overview: Pane = {
  id: 'overview',
  title: 'Overview',
  render: (props) => <Overview {...props} />,
  rows: () => 0,
};

function Overview(props: PaneProps): ReactNode {
  const { width, height } = props;
  const below = height - FIRST >= SECOND ? beneath(props) : [];
  if (below.length === 0) return <Locality {...props} />;
  const first = Math.min(MOST_FIRST, Math.max(FIRST, Math.ceil(height / 2)));
  const room = { ...props, height: height - first, cursor: -1, scroll: { x: 0, y: 0 } };
  const left = below.length === 1 ? width : Math.ceil(width * 0.6);
  const widths = [left, width - left];
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0}>
      <Locality {...props} height={first} />
      <At x={0} y={first}>
        <Box width={width} height={room.height} flexShrink={0}>
          {below.map((pane, index) => (
            <At key={pane.id} x={index * left} y={0}>
              <Titled pane={pane} props={{ ...room, width: widths[index] ?? width }} />
            </At>
          ))}
        </Box>
      </At>
    </Box>
  );
}

/** Paths if a NIC feeds a group, the matrix if a probe counts; both if they fit side by side. */
function beneath({ history, width }: PaneProps): readonly Pane[] {
  const now = history.at(-1);
  const wanted = [
    ...(now?.configuration.paths.some(({ group }) => group !== null) ? [paths] : []),
    ...(now?.rxMatrix ? [matrix] : []),
  ];
  return width >= WIDE ? wanted : wanted.slice(0, 1);
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
