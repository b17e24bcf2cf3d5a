/** The visible rows out of many: panes make only these. */

export interface Viewport {
  /** The first visible row, and the one after the last. */
  readonly start: number;
  readonly end: number;
  /** Clamped; -1 without rows, or without a cursor. */
  readonly cursor: number;
}

/**
 * Scrolled as requested, but never away from the cursor or beyond the last row.
 * @param cursor -1 for none
 */
export function viewport(count: number, height: number, cursor: number, scroll: number): Viewport {
  const at = Math.max(-1, Math.min(Math.trunc(cursor), count - 1));
  const room = Math.max(0, Math.trunc(height));
  const scrolled = Math.max(Math.trunc(scroll), at - room + 1);
  const within = at < 0 ? scrolled : Math.min(scrolled, at);
  const start = Math.max(0, Math.min(within, count - room));
  return { start, end: Math.min(count, start + room), cursor: at };
}
