/** Moves its children to another place on the canvas; in Ink's own output the layout does that. */
import { type ReactNode, useContext, useMemo } from 'react';
import { OriginContext } from './canvas.ts';

export interface AtProps {
  readonly x: number;
  readonly y: number;
  readonly children: ReactNode;
}

export function At({ x, y, children }: AtProps): ReactNode {
  const place = useContext(OriginContext);
  const moved = useMemo(() => place && { ...place, x: place.x + x, y: place.y + y }, [place, x, y]);
  return <OriginContext.Provider value={moved}>{children}</OriginContext.Provider>;
}
