/** Every key of the view, in one table that handles them and makes the help. */
import type { Key } from 'ink';

export type Action =
  | { readonly kind: 'tab'; readonly index: number }
  | { readonly kind: 'turn'; readonly by: 1 | -1 }
  | { readonly kind: 'move'; readonly x: number; readonly y: number }
  | { readonly kind: 'page'; readonly by: 1 | -1 }
  | { readonly kind: 'edge'; readonly to: 'first' | 'last' }
  | { readonly kind: 'interval'; readonly by: 1 | -1 }
  | { readonly kind: 'zoom'; readonly by: 1 | -1 }
  | {
      readonly kind:
        | 'open'
        | 'back'
        | 'filter'
        | 'interface'
        | 'freeze'
        | 'direction'
        | 'attach'
        | 'detach'
        | 'tune'
        | 'undo'
        | 'snapshot'
        | 'copy'
        | 'refresh'
        | 'notes'
        | 'help'
        | 'suspend'
        | 'quit';
    };

export interface Binding {
  /** Any of these keys triggers it. */
  readonly keys: readonly string[];
  /** Label in the help. */
  readonly label: string;
  readonly help: string;
  readonly section: 'Look' | 'Move' | 'Act' | 'View';
  readonly action: Action;
}

export const TITLES = ['overview', 'matrix', 'queues', 'groups', 'paths', 'findings', 'events'] as const;

const on = (
  section: Binding['section'],
  keys: readonly string[],
  label: string,
  help: string,
  action: Action,
): Binding => ({ section, keys, label, help, action });

export const BINDINGS: readonly Binding[] = [
  ...TITLES.map((title, index) =>
    on('Look', [String(index + 1)], String(index + 1), title, { kind: 'tab', index }),
  ),
  on('Look', ['tab'], 'tab', 'next pane', { kind: 'turn', by: 1 }),
  on('Look', ['shift-tab'], 'shift-tab', 'previous pane', { kind: 'turn', by: -1 }),

  on('Move', ['up', 'k'], 'up k', 'up', { kind: 'move', x: 0, y: -1 }),
  on('Move', ['down', 'j'], 'down j', 'down', { kind: 'move', x: 0, y: 1 }),
  on('Move', ['left', 'h'], 'left h', 'left', { kind: 'move', x: -1, y: 0 }),
  on('Move', ['right', 'l'], 'right l', 'right', { kind: 'move', x: 1, y: 0 }),
  on('Move', ['pageup', 'ctrl-b'], 'pgup', 'a page up', { kind: 'page', by: -1 }),
  on('Move', ['pagedown', 'ctrl-f'], 'pgdn', 'a page down', { kind: 'page', by: 1 }),
  on('Move', ['home', 'g'], 'home g', 'first row', { kind: 'edge', to: 'first' }),
  on('Move', ['end', 'G'], 'end G', 'last row', { kind: 'edge', to: 'last' }),
  on('Move', ['enter'], 'enter', 'open: show the commands of a finding', { kind: 'open' }),
  on('Move', ['esc'], 'esc', 'close, or clear the filter', { kind: 'back' }),

  on('Act', ['a'], 'a', 'attach a program to a group', { kind: 'attach' }),
  on('Act', ['d'], 'd', 'detach the program of a group', { kind: 'detach' }),
  on('Act', ['t'], 't', 'tune: plan, apply, keep only what helps', { kind: 'tune' }),
  on('Act', ['u'], 'u', 'undo what was applied', { kind: 'undo' }),
  on('Act', ['s'], 's', 'save a snapshot of the machine', { kind: 'snapshot' }),
  on('Act', ['c'], 'c', 'copy the commands of a finding', { kind: 'copy' }),

  on('View', ['/'], '/', 'filter rows by a word', { kind: 'filter' }),
  on('View', ['i'], 'i', 'show one interface, the next, then all', { kind: 'interface' }),
  on('View', ['space'], 'space', 'freeze or continue', { kind: 'freeze' }),
  on('View', ['+', '='], '+', 'longer interval', { kind: 'interval', by: 1 }),
  on('View', ['-'], '-', 'shorter interval', { kind: 'interval', by: -1 }),
  on('View', ['m'], 'm', 'matrix: rx or tx', { kind: 'direction' }),
  on('View', ['z'], 'z', 'matrix: larger cells', { kind: 'zoom', by: 1 }),
  on('View', ['Z'], 'Z', 'matrix: smaller cells', { kind: 'zoom', by: -1 }),
  on('View', ['n'], 'n', 'notes: what is missing, how it was measured', { kind: 'notes' }),
  on('View', ['r', 'ctrl-l'], 'r', 'read the configuration again', { kind: 'refresh' }),
  on('View', ['?'], '?', 'this help', { kind: 'help' }),
  on('View', ['ctrl-z'], 'ctrl-z', 'back to the shell (fg returns)', { kind: 'suspend' }),
  on('View', ['q', 'ctrl-c'], 'q', 'quit', { kind: 'quit' }),
];

const ACTIONS: ReadonlyMap<string, Action> = new Map(
  BINDINGS.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const)),
);

/** null for a key that does nothing. */
export const actionOf = (key: string): Action | null => ACTIONS.get(key) ?? null;

const NAMED: readonly (readonly [keyof Key, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  [' ', 'space'],
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\t', 'tab'],
  ['\x7f', 'backspace'],
  ['\b', 'backspace'],
  ['\x03', 'ctrl-c'],
]);

/** Keys typed fast, or over a slow line, arrive as one input; they are handled one by one, in order. */
export function keysOf(input: string, key: Key): string[] {
  if (key.tab) return [key.shift ? 'shift-tab' : 'tab'];
  const named = NAMED.find(([flag]) => key[flag]);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return input.length === 1 ? [`ctrl-${input}`] : [];
  if (key.meta || key.super || key.hyper) return [];
  return [...input].flatMap((character) => {
    const known = CHARACTERS.get(character);
    if (known !== undefined) return [known];
    // Any other invisible character was pasted, or is half of a sequence.
    return /\P{C}/u.test(character) ? [character] : [];
  });
}
