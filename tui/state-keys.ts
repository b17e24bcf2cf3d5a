/** What each key does: to the state, or to the machine after a second, confirming key. */

import type { Finding } from '../src/diagnose/types.ts';
import { count } from '../src/words/phrase.ts';
import { type KeyContext, notify, show } from './key-context.ts';
import { actionOf, type KeyAction, TITLES } from './keys.ts';
import { type Dialog, reduce, typeFilter } from './state.ts';
import { attachBy, openAttach, openDetach, openTask, start } from './state-dialogs.ts';

/** Handles keys one after the other, in the order typed. */
export function press(context: KeyContext, key: string): void {
  const state = context.get();
  const action = actionOf(key);
  if (key === 'ctrl-c') context.quit();
  else if (state.typing) context.set(typeFilter(state, key));
  else {
    context.set({ ...state, notice: null });
    if (state.dialog !== null) pressInDialog(context, state.dialog, key);
    else if (action !== null) perform(context, action);
  }
}

const NO_RECORDING =
  'only a recording can be wound: `live --record FILE` makes one, `live --replay FILE` plays it';

function perform(context: KeyContext, action: KeyAction): void {
  context.set(reduce(context.get(), action, context.around()));
  switch (action.kind) {
    case 'quit':
      context.quit();
      break;
    case 'suspend':
      context.suspend();
      break;
    case 'interval':
      if (context.source.replay === null) context.source.setInterval(context.get().interval);
      else notify(context, 'a recording has its own interval; < and > change the speed', false);
      break;
    case 'freeze':
      context.source.replay?.pause(context.get().frozen);
      break;
    case 'seek':
      if (context.source.replay === null) notify(context, NO_RECORDING, false);
      else context.source.replay.seek(action.by);
      break;
    case 'speed':
      if (context.source.replay === null) notify(context, NO_RECORDING, false);
      else context.source.replay.changeSpeed(action.by);
      break;
    case 'refresh':
      context.source.refresh();
      break;
    case 'help':
    case 'notes':
      show(context, { kind: action.kind, scroll: 0 });
      break;
    case 'open':
      open(context);
      break;
    case 'copy':
      copyCommands(context, TITLES[context.get().tab] === 'findings' ? context.finding() : null);
      break;
    case 'attach':
      openAttach(context);
      break;
    case 'detach':
      openDetach(context);
      break;
    case 'tune':
    case 'undo':
    case 'snapshot':
      openTask(context, action.kind);
      break;
    case 'tab':
    case 'turn':
      context.source.listen(TITLES[context.get().tab] === 'events');
      break;
  }
}

function open(context: KeyContext): void {
  const tab = TITLES[context.get().tab];
  const finding = tab === 'findings' ? context.finding() : null;
  if (tab === 'overview') context.set({ ...context.get(), tab: TITLES.indexOf('findings') });
  else if (tab === 'groups') openAttach(context);
  else if (finding !== null) show(context, { kind: 'finding', finding, scroll: 0 });
}

/** A terminal does not say whether it accepted them, and some never do. */
function copyCommands(context: KeyContext, finding: Finding | null): void {
  if (finding === null) notify(context, 'copy: select a finding first (pane 6)', false);
  else if (finding.fix.length === 0) notify(context, 'no command fixes this', false);
  else {
    context.copy(`${finding.fix.join('\n')}\n`);
    notify(
      context,
      `sent ${count(finding.fix.length, 'command')} to the terminal's clipboard (OSC 52)`,
      true,
    );
  }
}

/** An action continues when its dialog is closed, and the status line shows its result. */
function pressInDialog(context: KeyContext, dialog: Dialog, key: string): void {
  const closes = key === 'esc' || key === 'q' || (dialog.kind === 'help' && key === '?');
  if (closes) show(context, null);
  else if ('busy' in dialog && dialog.busy) return;
  else if (dialog.kind === 'attach') attachBy(context, dialog, key);
  else if (dialog.kind === 'confirm' && (key === 'y' || key === 'Y')) start(context, dialog, key);
  else if ((dialog.kind === 'finding' || dialog.kind === 'result') && key === 'enter') show(context, null);
  else if (dialog.kind === 'finding' && key === 'c') copyCommands(context, dialog.finding);
  else {
    const action = actionOf(key);
    if (action?.kind === 'move' || action?.kind === 'page' || action?.kind === 'edge')
      context.set(reduce(context.get(), action, context.around()));
  }
}
