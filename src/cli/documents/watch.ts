/** What commands that keep running print with --json: one line for each event, or one when they begin. */
import type { Explained } from '../../watch/explain-sources.ts';
import type { TimedEvent, WatcherState } from '../../watch/service.ts';
import type { Observed } from '../../watch/types.ts';

/** `watch`: one line for each event, after one for its start. */
export type WatchDocument =
  | WatchStartDocument
  | WatchEventDocument
  | WatchCheckDocument
  | WatchUnknownDocument
  | WatchStateDocument
  | WatchSourcesDocument;

interface WatchStartDocument {
  readonly schema: 'locality-tune.watch/1';
  /** Number of settings. */
  readonly watching: number;
  readonly baseline: string;
}

interface WatchEventDocument extends TimedEvent {
  readonly schema: 'locality-tune.watch/1';
}

/** With --once. */
interface WatchCheckDocument {
  readonly schema: 'locality-tune.watch/1';
  readonly verdict: 'as planned' | 'drift' | 'unknown';
  readonly baseline: string;
  readonly settings: readonly Omit<Observed, 'target' | 'owner'>[];
}

/** With --once, if there is no answer. */
interface WatchUnknownDocument {
  readonly schema: 'locality-tune.watch/1';
  readonly verdict: 'unknown';
  readonly why: string;
  readonly hint: string | null;
  readonly settings: readonly never[];
}

/** With --pause or --resume. */
interface WatchStateDocument extends WatcherState {
  readonly schema: 'locality-tune.watch/1';
}

/** With --explain-sources. */
interface WatchSourcesDocument {
  readonly schema: 'locality-tune.watch/1';
  readonly sources: readonly Explained[];
}

/** `export`: one line, when it listens. */
export interface ExportDocument {
  readonly schema: 'locality-tune.export/1';
  readonly listening: readonly string[];
}
