/** From a key to what it does: to the state, or to the machine after a second key that says so. */

import type { Finding } from '../src/diagnose/types.ts';
import { count } from '../src/words/phrase.ts';
import { type Action, actionOf, TITLES } from './keys.ts';
import { type Dialog, reduce, typeFilter } from './state.ts';
import { type Desk, show, tell } from './state-desk.ts';
import { attachBy, openAttach, openDetach, openTask, start } from './state-dialogs.ts';

/** One key after the other, in the order in which they were typed. */
export function press(desk: Desk, key: string): void {
  const state = desk.get();
  const action = actionOf(key);
  if (key === 'ctrl-c') desk.quit();
  else if (state.typing) desk.set(typeFilter(state, key));
  else {
    desk.set({ ...state, notice: null });
    if (state.dialog !== null) pressInDialog(desk, state.dialog, key);
    else if (action !== null) perform(desk, action);
  }
}

function perform(desk: Desk, action: Action): void {
  desk.set(reduce(desk.get(), action, desk.around()));
  switch (action.kind) {
    case 'quit':
      desk.quit();
      break;
    case 'suspend':
      desk.suspend();
      break;
    case 'interval':
      desk.source.setInterval(desk.get().interval);
      break;
    case 'refresh':
      desk.source.refresh();
      break;
    case 'help':
    case 'notes':
      show(desk, { kind: action.kind, scroll: 0 });
      break;
    case 'open':
      open(desk);
      break;
    case 'copy':
      copyCommands(desk, TITLES[desk.get().tab] === 'findings' ? desk.finding() : null);
      break;
    case 'attach':
      openAttach(desk);
      break;
    case 'detach':
      openDetach(desk);
      break;
    case 'apply':
    case 'undo':
    case 'snapshot':
      openTask(desk, action.kind);
      break;
    case 'tab':
    case 'turn':
      desk.source.listen(TITLES[desk.get().tab] === 'events');
      break;
  }
}

function open(desk: Desk): void {
  const tab = TITLES[desk.get().tab];
  const finding = tab === 'findings' ? desk.finding() : null;
  if (tab === 'overview') desk.set({ ...desk.get(), tab: TITLES.indexOf('findings') });
  else if (tab === 'groups') openAttach(desk);
  else if (finding !== null) show(desk, { kind: 'finding', finding, scroll: 0 });
}

/** A terminal does not tell whether it took them, and some never do. */
function copyCommands(desk: Desk, finding: Finding | null): void {
  if (finding === null) tell(desk, 'copy: choose a finding first, in pane 6', false);
  else if (finding.fix.length === 0) tell(desk, 'there is no command that mends it', false);
  else {
    desk.copy(`${finding.fix.join('\n')}\n`);
    tell(desk, `sent ${count(finding.fix.length, 'command')} to the terminal's clipboard (OSC 52)`, true);
  }
}

/** What has been begun goes on when its dialog is closed, and its end is told in the status line. */
function pressInDialog(desk: Desk, dialog: Dialog, key: string): void {
  const closes = key === 'esc' || key === 'q' || (dialog.kind === 'help' && key === '?');
  if (closes) show(desk, null);
  else if ('busy' in dialog && dialog.busy) return;
  else if (dialog.kind === 'attach') attachBy(desk, dialog, key);
  else if (dialog.kind === 'confirm' && key === 'y') start(desk, dialog);
  else if (dialog.kind === 'finding' && key === 'enter') show(desk, null);
  else if (dialog.kind === 'finding' && key === 'c') copyCommands(desk, dialog.finding);
  else {
    const action = actionOf(key);
    if (action?.kind === 'move' || action?.kind === 'page' || action?.kind === 'edge')
      desk.set(reduce(desk.get(), action, desk.around()));
  }
}
