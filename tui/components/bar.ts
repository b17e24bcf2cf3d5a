/** Bars of half a line's height, so that neighbouring rows stay apart. */
import type { Theme } from '../theme.ts';

/** `width` columns, `share` of them (0 to 1) filled; any share above 0 is visible. Unknown is blank. */
export function bar(share: number | null, width: number, { unicode }: Pick<Theme, 'unicode'>): string {
  const bounded = Math.min(1, Math.max(0, share ?? 0));
  const halves = bounded > 0 ? Math.min(2 * width, Math.max(1, Math.round(bounded * width * 2))) : 0;
  const [whole, half] = unicode ? ['━', '╸'] : ['=', '-'];
  return (whole.repeat(halves >> 1) + (halves % 2 === 1 ? half : '')).padEnd(width);
}
