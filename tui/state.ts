/** What the view shows of the samples, and how keys change that: plain data and one pure function. */
import type { Finding } from '../src/diagnose/types.ts';
import type { Group } from '../src/host/types.ts';
import type { Outcome, Prepared, Preview } from '../src/live/types.ts';
import { orderAfter } from './components/order.ts';
import { type KeyAction, TITLES } from './keys.ts';
import type { PaneOptions } from './pane.ts';

export interface ViewState {
  /** Index in TITLES. */
  readonly tab: number;
  /** One per pane. */
  readonly positions: readonly PanePosition[];
  readonly filter: string;
  /** Is the filter being typed? */
  readonly typing: boolean;
  readonly frozen: boolean;
  /** Seconds. */
  readonly interval: number;
  readonly options: PaneOptions;
  readonly dialog: Dialog | null;
  /** Times of changes made in this view, ISO 8601. */
  readonly marks: readonly string[];
  /** Result of an action; shown in the status line until the next key. */
  readonly notice: ActionNotice | null;
  /** What is being read, measured or applied, for as long as it takes. */
  readonly progress: string | null;
  /** The confirmation that is being prepared; esc sets it to null, and it is not shown. */
  readonly awaited: object | null;
}

export interface PanePosition {
  readonly cursor: number;
  readonly x: number;
  readonly y: number;
}

export interface ActionNotice {
  readonly text: string;
  readonly ok: boolean;
}

export type Dialog =
  | { readonly kind: 'help' | 'notes'; readonly scroll: number }
  | { readonly kind: 'finding'; readonly finding: Finding; readonly scroll: number }
  | AttachDialog
  | ConfirmDialog
  | ResultDialog;

/** Choosing a group and a program; nothing changes before `busy`. */
export interface AttachDialog {
  readonly kind: 'attach';
  readonly groups: readonly Group[];
  readonly group: number;
  readonly programs: readonly string[];
  readonly program: number;
  /** null while it is being made; a text says why it cannot be made. */
  readonly preview: Preview | string | null;
  readonly busy: boolean;
}

/** Any other action on the machine. */
export interface ConfirmDialog {
  readonly kind: 'confirm';
  readonly prepared: Prepared;
  readonly scroll: number;
  readonly busy: boolean;
}

/** What was measured before and after a change. */
export interface ResultDialog {
  readonly kind: 'result';
  readonly title: string;
  readonly tuned: Tuned;
  readonly scroll: number;
}

type Tuned = NonNullable<Outcome['tuned']>;

const INTERVALS = [1, 2, 5, 10, 30, 60];
const MOST_ZOOM = 4;

export function initialState(interval: number, tab: number): ViewState {
  return {
    tab,
    positions: TITLES.map(() => ({ cursor: 0, x: 0, y: 0 })),
    filter: '',
    typing: false,
    frozen: false,
    interval,
    options: { matrix: 'rx', zoom: 1, order: 'listed' },
    dialog: null,
    marks: [],
    notice: null,
    progress: null,
    awaited: null,
  };
}

/** What a key needs from the screen: sizes and names. */
export interface Surroundings {
  /** Rows for the cursor in the shown pane. */
  readonly rows: () => number;
  /** Height of the pane. */
  readonly page: number;
  readonly interfaces: readonly string[];
  /** Last line to which the dialog, or a pane without rows, can be scrolled. */
  readonly lastLine: () => number;
}

/** For actions that need only the state; the others leave it unchanged. */
export function reduce(state: ViewState, action: KeyAction, around: Surroundings): ViewState {
  switch (action.kind) {
    case 'tab':
      return { ...state, tab: action.index };
    case 'turn':
      return { ...state, tab: (state.tab + action.by + TITLES.length) % TITLES.length };
    case 'move':
      return move(state, action.x, action.y, around);
    case 'page':
      return move(state, 0, action.by * Math.max(1, around.page - 2), around);
    case 'edge': {
      const far = Math.max(around.rows(), 1_000_000);
      return move(state, 0, action.to === 'first' ? -far : far, around);
    }
    case 'interval':
      return { ...state, interval: nextInterval(state.interval, action.by) };
    case 'zoom': {
      const zoom = Math.min(MOST_ZOOM, Math.max(1, state.options.zoom + action.by));
      return { ...state, options: { ...state.options, zoom } };
    }
    case 'order': {
      const options = { ...state.options, order: orderAfter(state.options.order) };
      return { ...toFirstRow(state), options };
    }
    case 'direction': {
      const matrix = state.options.matrix === 'rx' ? 'tx' : 'rx';
      return { ...state, options: { ...state.options, matrix } };
    }
    case 'freeze':
      return { ...state, frozen: !state.frozen };
    case 'filter':
      return { ...state, typing: true };
    case 'interface': {
      const at = around.interfaces.findIndex((name) => name.toLowerCase() === state.filter);
      return withFilter(state, around.interfaces[at + 1]?.toLowerCase() ?? '');
    }
    case 'back':
      return state.dialog === null ? { ...withFilter(state, ''), awaited: null } : { ...state, dialog: null };
    default:
      return state;
  }
}

/** Text typed into the filter applies to the rows at once. */
export function typeFilter(state: ViewState, key: string): ViewState {
  if (key === 'enter') return { ...state, typing: false };
  if (key === 'esc' || key === 'ctrl-c') return { ...withFilter(state, ''), typing: false };
  if (key === 'backspace') return withFilter(state, [...state.filter].slice(0, -1).join(''));
  if (key === 'ctrl-u') return withFilter(state, '');
  const character = key === 'space' ? ' ' : key;
  return [...character].length === 1 ? withFilter(state, state.filter + character.toLowerCase()) : state;
}

const LONGEST_FILTER = 60;

function withFilter(state: ViewState, filter: string): ViewState {
  return { ...toFirstRow(state), filter: filter.slice(0, LONGEST_FILTER) };
}

/** Other rows are where the cursor was. */
function toFirstRow(state: ViewState): ViewState {
  return { ...state, positions: state.positions.map((place) => ({ ...place, cursor: 0, y: 0 })) };
}

/**
 * A dialog scrolls; a pane with rows moves its cursor, one without rows scrolls. The matrix does so in both directions.
 */
function move(state: ViewState, x: number, y: number, around: Surroundings): ViewState {
  const { dialog } = state;
  if (dialog !== null)
    return 'scroll' in dialog
      ? { ...state, dialog: { ...dialog, scroll: step(dialog.scroll, y, around.lastLine()) } }
      : state;
  const rows = around.rows();
  const positions = state.positions.map((place, index) =>
    index !== state.tab
      ? place
      : {
          cursor: step(place.cursor, y, rows - 1),
          // Only the matrix has columns to move over, as many as rows.
          x: step(place.x, x, rows - 1),
          // The newest event is at the bottom: up is back in time.
          y: rows > 0 ? place.y : step(place.y, TITLES[state.tab] === 'events' ? -y : y, around.lastLine()),
        },
  );
  return { ...state, positions };
}

/** Never beyond what can be shown, even if that has shrunk: the first key back must have a visible effect. */
function step(at: number, by: number, last: number): number {
  return Math.max(0, Math.min(last, Math.min(at, last) + by));
}

function nextInterval(now: number, by: 1 | -1): number {
  const longer = INTERVALS.find((seconds) => seconds > now) ?? now;
  const shorter = INTERVALS.findLast((seconds) => seconds < now) ?? now;
  return by > 0 ? longer : shorter;
}
