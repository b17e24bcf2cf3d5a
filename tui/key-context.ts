/** What keys and dialogs work on: the state, the screen, and the source. */
import type { Finding } from '../src/diagnose/types.ts';
import type { Group } from '../src/host/types.ts';
import type { Sample, Source } from '../src/live/types.ts';
import type { Dialog, Surroundings, ViewState } from './state.ts';

export interface KeyContext {
  get(): ViewState;
  set(state: ViewState): void;
  /** The latest sample; null before the first. */
  sample(): Sample | null;
  around(): Surroundings;
  readonly source: Source;
  /** The finding under the cursor; null if there is none. */
  finding(): Finding | null;
  group(): Group | null;
  /** Copies text to the clipboard of the terminal. */
  copy(text: string): void;
  quit(): void;
  suspend(): void;
}

export const show = (context: KeyContext, dialog: Dialog | null): void =>
  context.set({ ...context.get(), dialog });

export const notify = (context: KeyContext, text: string, ok: boolean): void =>
  context.set({ ...context.get(), notice: { text, ok } });
