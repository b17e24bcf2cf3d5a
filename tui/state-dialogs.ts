/** Dialogs that change something: opened, answered, and carried out. Nothing is done before the key that says so. */
import type { Prepared, Task } from '../src/live/types.ts';
import { actionOf } from './keys.ts';
import type { AttachDialog, ConfirmDialog } from './state.ts';
import { type Desk, show, tell } from './state-desk.ts';

const RECORDED = 'this is a recording: nothing can be changed';
const NO_GROUP = 'there is no reuseport group of sockets here';

export function openAttach(desk: Desk): void {
  const { control } = desk.source;
  const groups = desk.sample()?.scene.host.groups ?? [];
  const chosen = desk.group();
  const group = groups.findIndex(({ id }) => id === chosen?.id);
  if (control === null) tell(desk, RECORDED, false);
  else if (groups.length === 0) tell(desk, NO_GROUP, false);
  else
    preview(desk, {
      kind: 'attach',
      groups,
      group: Math.max(0, group),
      programs: control.programs,
      program: 0,
      preview: null,
      busy: false,
    });
}

/** What was asked for last is what is shown, in whatever order the answers come. */
function preview(desk: Desk, dialog: AttachDialog): void {
  const waiting: AttachDialog = { ...dialog, preview: null };
  show(desk, waiting);
  const group = dialog.groups[dialog.group];
  const program = dialog.programs[dialog.program];
  if (group === undefined || program === undefined) return;
  const answer = (found: AttachDialog['preview']): void => {
    if (desk.get().dialog === waiting) show(desk, { ...dialog, preview: found });
  };
  desk.source.control?.preview(group, program).then(answer, (error: unknown) => answer(textOf(error)));
}

export function attachBy(desk: Desk, dialog: AttachDialog, key: string): void {
  const { preview: shown, groups, programs } = dialog;
  const action = actionOf(key);
  if (action?.kind === 'move') {
    const program = turn(dialog.program, action.y, programs.length);
    const group = turn(dialog.group, action.x, groups.length);
    preview(desk, { ...dialog, program, group });
  } else if (shown !== null && typeof shown !== 'string' && !shown.attached) {
    // What is not ours takes another key, so that no habit replaces it.
    if (key === (shown.foreign ? 'Y' : 'y')) attach(desk, dialog, shown.foreign);
  }
}

const turn = (at: number, by: number, count: number): number => (at + by + count) % count;

function attach(desk: Desk, dialog: AttachDialog, force: boolean): void {
  const group = dialog.groups[dialog.group];
  const program = dialog.programs[dialog.program];
  if (group === undefined || program === undefined) return;
  show(desk, { ...dialog, busy: true });
  finish(desk, desk.source.control?.attach(group, program, force));
}

export function openDetach(desk: Desk): void {
  const { control } = desk.source;
  const group = desk.group();
  if (control === null) tell(desk, RECORDED, false);
  else if (group === null) tell(desk, NO_GROUP, false);
  else confirm(desk, control.prepareDetach(group));
}

/** What is to be confirmed is worked out first, which may take the kernel a second. */
export function openTask(desk: Desk, kind: Task): void {
  const { control } = desk.source;
  const scene = desk.sample()?.scene;
  if (control === null || scene === undefined) tell(desk, RECORDED, false);
  else {
    tell(desk, 'looking ...', true);
    control.prepare(kind, scene, desk.group()).then(
      (prepared) => {
        desk.set({ ...desk.get(), notice: null });
        confirm(desk, prepared);
      },
      (error: unknown) => tell(desk, textOf(error), false),
    );
  }
}

/** Nobody is asked about what another dialog has begun to ask meanwhile. */
function confirm(desk: Desk, prepared: Prepared): void {
  if (desk.get().dialog === null) show(desk, { kind: 'confirm', scroll: 0, busy: false, prepared });
}

export function start(desk: Desk, dialog: ConfirmDialog): void {
  const { run } = dialog.prepared;
  if (run === null) return;
  show(desk, { ...dialog, busy: true });
  finish(desk, run());
}

/** The dialog that started it may have been closed, and another one opened: only a busy one is closed. */
function finish(desk: Desk, work: Promise<string> | undefined): void {
  const end = (text: string, ok: boolean): void => {
    const state = desk.get();
    const busy = state.dialog !== null && 'busy' in state.dialog && state.dialog.busy;
    const marks = ok ? [...state.marks, new Date().toISOString()] : state.marks;
    desk.set({ ...state, dialog: busy ? null : state.dialog, marks, notice: { text, ok } });
    desk.source.refresh();
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
