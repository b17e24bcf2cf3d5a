/** What keys and dialogs work on: the state, and what is on the screen and behind it. */
import type { Finding } from '../src/diagnose/types.ts';
import type { Group } from '../src/host/types.ts';
import type { Sample, Source } from '../src/live/types.ts';
import type { Dialog, State, Surroundings } from './state.ts';

export interface Desk {
  get(): State;
  set(state: State): void;
  /** The latest; null before the first. */
  sample(): Sample | null;
  around(): Surroundings;
  readonly source: Source;
  /** Of the rows that are shown, the one under the cursor; null where there is none. */
  finding(): Finding | null;
  group(): Group | null;
  /** To the clipboard of the terminal. */
  copy(text: string): void;
  quit(): void;
  suspend(): void;
}

export const show = (desk: Desk, dialog: Dialog | null): void => desk.set({ ...desk.get(), dialog });

export const tell = (desk: Desk, text: string, ok: boolean): void =>
  desk.set({ ...desk.get(), notice: { text, ok } });
