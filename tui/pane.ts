/** The contract between the app and its panes. */
import type { ReactNode } from 'react';
import type { Sample } from '../src/live/types.ts';
import type { Order } from './components/order.ts';
import type { Theme } from './theme.ts';

/** The props of every pane. A pane draws exactly `width` x `height` cells and nothing outside them. */
export interface PaneProps {
  /**
   * Oldest first, at most HISTORY; the last one is now. Never empty. Samples older than a few seconds keep their
   * figures and events, but no matrices (null), queues, members, listeners or pairs (empty), which take megabytes on a
   * large machine.
   */
  readonly history: readonly Sample[];
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** Row under the cursor, 0-based, clamped by the pane. */
  readonly cursor: number;
  /** Scrolled lines, and for the matrix also columns. */
  readonly scroll: { readonly x: number; readonly y: number };
  /** Lower-case substring; rows that do not contain it are not shown. '' for none. */
  readonly filter: string;
  /** Times of changes made in this view (ISO), which histories mark. */
  readonly marks: readonly string[];
  readonly options: PaneOptions;
}

export interface PaneOptions {
  readonly matrix: 'rx' | 'tx';
  readonly zoom: number;
  /** Of queues, groups and paths. */
  readonly order: Order;
}

export interface Pane {
  readonly id: 'overview' | 'matrix' | 'queues' | 'groups' | 'paths' | 'findings' | 'events';
  readonly title: string;
  readonly render: (props: PaneProps) => ReactNode;
  /** Number of rows for the cursor, for this sample and filter. */
  readonly rows: (props: Omit<PaneProps, 'cursor' | 'scroll'>) => number;
}
