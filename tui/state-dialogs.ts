/** Dialogs that change something: open, answer, act. Nothing is done before the confirming key. */
import type { Outcome, Prepared, Task } from '../src/live/types.ts';
import { type KeyContext, notify, show } from './key-context.ts';
import { actionOf } from './keys.ts';
import type { AttachDialog, ConfirmDialog, Dialog } from './state.ts';

const RECORDED = 'this is no live machine, so nothing can be changed';
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
  const attached = context.source.control?.attach(group, program, force);
  finish(
    context,
    attached?.then((text) => ({ text, ok: true, tuned: null })),
  );
}

export function openDetach(context: KeyContext): void {
  const { control } = context.source;
  const group = context.group();
  if (control === null) notify(context, RECORDED, false);
  else if (group === null) notify(context, NO_GROUP, false);
  else confirm(context, control.prepareDetach(group));
}

/** Prepares a confirmation, which may take seconds. */
export function openTask(context: KeyContext, kind: Task): void {
  const { control } = context.source;
  const configuration = context.sample()?.configuration;
  const { progress } = context.get();
  if (control === null) notify(context, RECORDED, false);
  else if (configuration === undefined) notify(context, 'still reading the machine ...', false);
  else if (progress !== null) notify(context, `still ${progress}`, false);
  else {
    // A dialog that opens after esc would take keys that are meant for something else, `y` among them.
    const awaited = {};
    context.set({ ...context.get(), awaited });
    const ifAwaited = (act: () => void) => {
      if (context.get().awaited === awaited) act();
    };
    control.prepare(kind, configuration, context.group(), progressIn(context)).then(
      (prepared) => ifAwaited(() => confirm(context, prepared)),
      (error: unknown) => ifAwaited(() => notify(context, textOf(error), false)),
    );
  }
}

/** Shows it in the status line until it is over. */
const progressIn =
  (context: KeyContext) =>
  (text: string): (() => void) => {
    context.set({ ...context.get(), progress: text });
    return () => context.set({ ...context.get(), progress: null });
  };

/** Does not open a confirmation if another dialog has opened meanwhile. */
function confirm(context: KeyContext, prepared: Prepared): void {
  if (context.get().dialog === null) show(context, { kind: 'confirm', scroll: 0, busy: false, prepared });
}

export function start(context: KeyContext, dialog: ConfirmDialog, key: string): void {
  const choice = dialog.prepared.choices.find((each) => each.key === key);
  if (choice === undefined) return;
  show(context, { ...dialog, busy: true });
  finish(context, choice.run(progressIn(context)), dialog.prepared.title);
}

/** The dialog that started it may have been closed, and another one opened: only a busy one is closed. */
function finish(context: KeyContext, work: Promise<Outcome> | undefined, title = ''): void {
  const end = ({ text, ok, tuned }: Outcome): void => {
    const state = context.get();
    const busy = state.dialog !== null && 'busy' in state.dialog && state.dialog.busy;
    const result: Dialog | null = tuned === null ? null : { kind: 'result', title, tuned, scroll: 0 };
    const marks = ok ? [...state.marks, new Date().toISOString()] : state.marks;
    const dialog = busy ? result : state.dialog;
    context.set({ ...state, dialog, marks, notice: busy && result !== null ? null : { text, ok } });
    context.source.refresh();
  };
  work?.then(end, (error: unknown) => end({ text: textOf(error), ok: false, tuned: null }));
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint: unknown = Reflect.get(error, 'hint');
  return typeof hint === 'string' ? `${error.message}: ${hint}` : error.message;
}
