/** Dialogs that change something: open, answer, act. Nothing is done before the confirming key. */
import type { Prepared, Task } from '../src/live/types.ts';
import { type KeyContext, notify, show } from './key-context.ts';
import { actionOf } from './keys.ts';
import type { AttachDialog, ConfirmDialog } from './state.ts';

const RECORDED = 'a recording cannot be changed';
const NO_GROUP = 'there is no reuseport group here';

export function openAttach(context: KeyContext): void {
  const { control } = context.source;
  const groups = context.sample()?.configuration.host.groups ?? [];
  const chosen = context.group();
  const group = groups.findIndex(({ id }) => id === chosen?.id);
  if (control === null) notify(context, RECORDED, false);
  else if (groups.length === 0) notify(context, NO_GROUP, false);
  else
    preview(context, {
      kind: 'attach',
      groups,
      group: Math.max(0, group),
      programs: control.programs,
      program: 0,
      preview: null,
      busy: false,
    });
}

/** Shows the latest request, in whatever order the answers arrive. */
function preview(context: KeyContext, dialog: AttachDialog): void {
  const waiting: AttachDialog = { ...dialog, preview: null };
  show(context, waiting);
  const group = dialog.groups[dialog.group];
  const program = dialog.programs[dialog.program];
  if (group === undefined || program === undefined) return;
  const answer = (found: AttachDialog['preview']): void => {
    if (context.get().dialog === waiting) show(context, { ...dialog, preview: found });
  };
  context.source.control?.preview(group, program).then(answer, (error: unknown) => answer(textOf(error)));
}

export function attachBy(context: KeyContext, dialog: AttachDialog, key: string): void {
  const { preview: shown, groups, programs } = dialog;
  const action = actionOf(key);
  if (action?.kind === 'move') {
    const program = turn(dialog.program, action.y, programs.length);
    const group = turn(dialog.group, action.x, groups.length);
    preview(context, { ...dialog, program, group });
  } else if (shown !== null && typeof shown !== 'string' && !shown.attached) {
    // Replacing a foreign program takes another key, so that it does not happen by habit.
    if (key === (shown.foreign ? 'Y' : 'y')) attach(context, dialog, shown.foreign);
  }
}

const turn = (at: number, by: number, count: number): number => (at + by + count) % count;

function attach(context: KeyContext, dialog: AttachDialog, force: boolean): void {
  const group = dialog.groups[dialog.group];
  const program = dialog.programs[dialog.program];
  if (group === undefined || program === undefined) return;
  show(context, { ...dialog, busy: true });
  finish(context, context.source.control?.attach(group, program, force));
}

export function openDetach(context: KeyContext): void {
  const { control } = context.source;
  const group = context.group();
  if (control === null) notify(context, RECORDED, false);
  else if (group === null) notify(context, NO_GROUP, false);
  else confirm(context, control.prepareDetach(group));
}

/** Prepares what is to be confirmed first, which may take a second. */
export function openTask(context: KeyContext, kind: Task): void {
  const { control } = context.source;
  const configuration = context.sample()?.configuration;
  if (control === null || configuration === undefined) notify(context, RECORDED, false);
  else {
    notify(context, 'looking ...', true);
    control.prepare(kind, configuration, context.group()).then(
      (prepared) => {
        context.set({ ...context.get(), notice: null });
        confirm(context, prepared);
      },
      (error: unknown) => notify(context, textOf(error), false),
    );
  }
}

/** Does not open a confirmation if another dialog has opened meanwhile. */
function confirm(context: KeyContext, prepared: Prepared): void {
  if (context.get().dialog === null) show(context, { kind: 'confirm', scroll: 0, busy: false, prepared });
}

export function start(context: KeyContext, dialog: ConfirmDialog): void {
  const { run } = dialog.prepared;
  if (run === null) return;
  show(context, { ...dialog, busy: true });
  finish(context, run());
}

/** The dialog that started it may have been closed, and another one opened: only a busy one is closed. */
function finish(context: KeyContext, work: Promise<string> | undefined): void {
  const end = (text: string, ok: boolean): void => {
    const state = context.get();
    const busy = state.dialog !== null && 'busy' in state.dialog && state.dialog.busy;
    const marks = ok ? [...state.marks, new Date().toISOString()] : state.marks;
    context.set({ ...state, dialog: busy ? null : state.dialog, marks, notice: { text, ok } });
    context.source.refresh();
  };
  work?.then(
    (text) => end(text, true),
    (error: unknown) => end(textOf(error), false),
  );
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint: unknown = Reflect.get(error, 'hint');
  return typeof hint === 'string' ? `${error.message}: ${hint}` : error.message;
}
