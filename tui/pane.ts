/** The contract between the app and its panes. */
import type { ReactNode } from 'react';
import type { Sample } from '../src/live/types.ts';
import type { Theme } from './theme.ts';

/** What every pane is given. It draws exactly `width` x `height` cells and nothing outside of them. */
export interface PaneProps {
  /**
   * Oldest first, at most HISTORY; the last one is now. Never empty. Older ones than some seconds keep their figures and
   * events, but no matrices (null), queues, members, listeners and pairs (empty): on a large machine they are megabytes.
   */
  readonly history: readonly Sample[];
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** Row under the cursor, 0-based, clamped by the pane. */
  readonly cursor: number;
  /** Lines scrolled, for the matrix also columns. */
  readonly scroll: { readonly x: number; readonly y: number };
  /** Lower-case substring; rows that do not contain it are not shown. '' for none. */
  readonly filter: string;
  /** Moments of changes made here (ISO), to be marked in histories. */
  readonly marks: readonly string[];
  readonly options: PaneOptions;
}

export interface PaneOptions {
  readonly matrix: 'rx' | 'tx';
  readonly zoom: number;
}

export interface Pane {
  readonly id: 'overview' | 'matrix' | 'queues' | 'groups' | 'paths' | 'findings' | 'events';
  readonly title: string;
  readonly render: (props: PaneProps) => ReactNode;
  /** How many rows the cursor can go over, for this sample and filter. */
  readonly rows: (props: Omit<PaneProps, 'cursor' | 'scroll'>) => number;
}
