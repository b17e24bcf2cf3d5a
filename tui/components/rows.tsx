import { Box, Text } from 'ink';
import { memo, type ReactNode, useContext, useLayoutEffect, useRef } from 'react';
import { type CanvasOrigin, OriginContext } from '../canvas.ts';
import type { PaneProps } from '../pane.ts';
import { fit, type Line } from './line.ts';
import { paintLine } from './paint.ts';

type RowsProps = Pick<PaneProps, 'width' | 'height' | 'theme'> & { readonly lines: readonly Line[] };

/**
 * Lines from the top of a box of `width` x `height`; lines without room are dropped, unchanged lines are not redrawn.
 */
export function Rows(props: RowsProps): ReactNode {
  const place = useContext(OriginContext);
  return place === null ? <Laid {...props} /> : <Painted place={place} {...props} />;
}

/** Past Ink: see canvas.ts. */
function Painted({ place, lines, width, height }: RowsProps & { readonly place: CanvasOrigin }): ReactNode {
  const key = useRef({});
  const { canvas, x, y } = place;
  useLayoutEffect(() => {
    canvas.put(key.current, { x, y, width, height, lines });
  });
  useLayoutEffect(() => () => canvas.remove(key.current), [canvas]);
  return null;
}

function Laid({ lines, width, height, theme }: RowsProps): ReactNode {
  const rows: ReactNode[] = [];
  for (const [at, line] of lines.slice(0, height).entries())
    rows.push(<Row key={at} text={paintLine(fit(line, width, theme), theme)} />);
  return (
    <Box flexDirection="column" width={width} height={height} flexShrink={0} overflow="hidden">
      {rows}
    </Box>
  );
}

/** An empty Text would have no height. */
const Row = memo(({ text }: { readonly text: string }) => <Text wrap="truncate">{text || ' '}</Text>);
