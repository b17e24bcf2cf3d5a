/** Every key of the view, in one table that handles them and makes the help. */
import type { Key } from 'ink';

export type KeyAction =
  | { readonly kind: 'tab'; readonly index: number }
  | { readonly kind: 'turn'; readonly by: 1 | -1 }
  | { readonly kind: 'move'; readonly x: number; readonly y: number }
  | { readonly kind: 'page'; readonly by: 1 | -1 }
  | { readonly kind: 'edge'; readonly to: 'first' | 'last' }
  | { readonly kind: 'interval'; readonly by: 1 | -1 }
  | { readonly kind: 'zoom'; readonly by: 1 | -1 }
  | { readonly kind: 'seek'; readonly by: number }
  | { readonly kind: 'speed'; readonly by: 1 | -1 }
  | {
      readonly kind:
        | 'open'
        | 'back'
        | 'filter'
        | 'interface'
        | 'freeze'
        | 'direction'
        | 'order'
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
  /** Label in the help; '' if the row of the binding before covers this one. */
  readonly label: string;
  readonly help: string;
  readonly section: 'Act' | 'Move' | 'View' | 'Replay';
  readonly action: KeyAction;
}

export const TITLES = ['overview', 'matrix', 'queues', 'groups', 'paths', 'findings', 'events'] as const;

const on = (
  section: Binding['section'],
  keys: readonly string[],
  label: string,
  help: string,
  action: KeyAction,
): Binding => ({ section, keys, label, help, action });

export const BINDINGS: readonly Binding[] = [
  on('Act', ['a'], 'a', 'attach a program', { kind: 'attach' }),
  on('Act', ['d'], 'd', 'detach the program', { kind: 'detach' }),
  on('Act', ['t'], 't', 'tune: keep only a gain', { kind: 'tune' }),
  on('Act', ['u'], 'u', 'undo what was applied', { kind: 'undo' }),
  on('Act', ['s'], 's', 'save a snapshot', { kind: 'snapshot' }),
  on('Act', ['c'], 'c', 'copy the commands', { kind: 'copy' }),
  on('Act', ['enter'], 'enter', 'open a finding or group', { kind: 'open' }),

  ...TITLES.map((_, index) =>
    on('Move', [String(index + 1)], index === 0 ? '1-7' : '', 'show a pane', { kind: 'tab', index }),
  ),
  on('Move', ['tab'], 'tab', 'next; shift-tab: back', { kind: 'turn', by: 1 }),
  on('Move', ['shift-tab'], '', '', { kind: 'turn', by: -1 }),
  on('Move', ['up', 'k'], 'arrows hjkl', 'move', { kind: 'move', x: 0, y: -1 }),
  on('Move', ['down', 'j'], '', '', { kind: 'move', x: 0, y: 1 }),
  on('Move', ['left', 'h'], '', '', { kind: 'move', x: -1, y: 0 }),
  on('Move', ['right', 'l'], '', '', { kind: 'move', x: 1, y: 0 }),
  on('Move', ['pageup', 'ctrl-b'], 'pgup pgdn', 'move by a page', { kind: 'page', by: -1 }),
  on('Move', ['pagedown', 'ctrl-f'], '', '', { kind: 'page', by: 1 }),
  on('Move', ['home', 'g'], 'home end g G', 'first row, last row', { kind: 'edge', to: 'first' }),
  on('Move', ['end', 'G'], '', '', { kind: 'edge', to: 'last' }),
  on('Move', ['esc'], 'esc', 'close; clear the filter', { kind: 'back' }),

  on('View', ['/'], '/', 'filter rows by a word', { kind: 'filter' }),
  on('View', ['i'], 'i', 'one interface, next, all', { kind: 'interface' }),
  on('View', ['o'], 'o', 'order: worst, busiest', { kind: 'order' }),
  on('View', ['space'], 'space', 'freeze, continue', { kind: 'freeze' }),
  on('View', ['+', '='], '+ -', 'longer, shorter interval', { kind: 'interval', by: 1 }),
  on('View', ['-'], '', '', { kind: 'interval', by: -1 }),
  on('View', ['m'], 'm', 'matrix: rx or tx', { kind: 'direction' }),
  on('View', ['z'], 'z Z', 'matrix: size of cells', { kind: 'zoom', by: 1 }),
  on('View', ['Z'], '', '', { kind: 'zoom', by: -1 }),
  on('View', ['n'], 'n', 'notes: what is missing', { kind: 'notes' }),
  on('View', ['r', 'ctrl-l'], 'r', 'read the machine again', { kind: 'refresh' }),
  on('View', ['?'], '?', 'this help', { kind: 'help' }),
  on('View', ['ctrl-z'], 'ctrl-z', 'to the shell; fg returns', { kind: 'suspend' }),
  on('View', ['q', 'ctrl-c'], 'q', 'quit', { kind: 'quit' }),

  on('Replay', ['['], '[ ]', '10 samples back, forward', { kind: 'seek', by: -10 }),
  on('Replay', [']'], '', '', { kind: 'seek', by: 10 }),
  on('Replay', ['{'], '{ }', '60 samples back, forward', { kind: 'seek', by: -60 }),
  on('Replay', ['}'], '', '', { kind: 'seek', by: 60 }),
  on('Replay', ['<'], '< >', 'slower, faster', { kind: 'speed', by: -1 }),
  on('Replay', ['>'], '', '', { kind: 'speed', by: 1 }),
];

const ACTIONS: ReadonlyMap<string, KeyAction> = new Map(
  BINDINGS.flatMap(({ keys, action }) => keys.map((key) => [key, action] as const)),
);

/** null for a key that does nothing. */
export const actionOf = (key: string): KeyAction | null => ACTIONS.get(key) ?? null;

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
