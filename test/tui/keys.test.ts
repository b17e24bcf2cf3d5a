import fc from 'fast-check';
import type { Key } from 'ink';
import { describe, expect, it } from 'vitest';
import type { Source } from '../../src/live/types.ts';
import type { KeyContext } from '../../tui/key-context.ts';
import { actionOf, BINDINGS, keysOf, TITLES } from '../../tui/keys.ts';
import { PANES } from '../../tui/panes.ts';
import { initialState, reduce, typeFilter, type ViewState } from '../../tui/state.ts';
import { append, HISTORY } from '../../tui/state-history.ts';
import { press } from '../../tui/state-keys.ts';
import { configurationOf, historyOf, pair, tuned } from '../fixtures/samples.ts';

const NO_KEY: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
};

const AROUND = { rows: () => 10, page: 20, interfaces: ['eth0', 'ens1f0'], lastLine: () => 5 };

/** A context on which nothing can be done to a machine. */
function context(source: Partial<Source> = {}): KeyContext & { readonly said: string[] } {
  let state = initialState(1, 0);
  const said: string[] = [];
  return {
    said,
    get: () => state,
    set: (next) => {
      state = next;
    },
    sample: () => tuned(pair).history.at(-1) ?? null,
    around: () => AROUND,
    source: {
      live: false,
      control: null,
      replay: null,
      samples: async function* () {},
      setInterval: (seconds) => void said.push(`interval ${seconds}`),
      refresh: () => void said.push('refresh'),
      listen: (wanted) => void said.push(`listen ${wanted}`),
      ...source,
    },
    finding: () => null,
    group: () => null,
    copy: () => void said.push('copy'),
    quit: () => void said.push('quit'),
    suspend: () => void said.push('suspend'),
  };
}

const after = (keys: readonly string[], on = context()): ViewState => {
  for (const key of keys) press(on, key);
  return on.get();
};

describe('the table of keys', () => {
  it('gives no key two meanings, and each pane its number', () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(PANES.map(({ id }) => id)).toEqual(TITLES);
    for (const [index] of TITLES.entries())
      expect(actionOf(String(index + 1))).toEqual({ kind: 'tab', index });
  });

  it('splits what was typed at once into keys, and drops the rest', () => {
    expect(keysOf('jj', NO_KEY)).toEqual(['j', 'j']);
    expect(keysOf('6j\r', NO_KEY)).toEqual(['6', 'j', 'enter']);
    expect(keysOf('', { ...NO_KEY, tab: true, shift: true })).toEqual(['shift-tab']);
    expect(keysOf('c', { ...NO_KEY, ctrl: true })).toEqual(['ctrl-c']);
    expect(keysOf('y', { ...NO_KEY, meta: true })).toEqual([]);
    expect(keysOf('\x1b[200~', NO_KEY)).toEqual(['[', '2', '0', '0', '~']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const key of keysOf(text, NO_KEY)) expect(key).not.toMatch(/^\p{C}$/u);
      }),
    );
  });
});

describe('a key', () => {
  it('turns panes, moves within the rows, and never out of them', () => {
    expect(after(['shift-tab']).tab).toBe(6);
    expect(after(['tab', 'tab']).tab).toBe(2);
    expect(after(['3', 'j', 'j', 'k']).positions[2]?.cursor).toBe(1);
    expect(after(['3', 'G']).positions[2]?.cursor).toBe(9);
    expect(after(['3', 'G', 'g', 'k']).positions[2]?.cursor).toBe(0);
    expect(after(['3', 'j', '4']).positions[3]?.cursor).toBe(0);
  });

  it('moves back by one from the very end, in rows, columns, events and a dialog', () => {
    const many = (key: string) => Array.from({ length: 50 }, () => key);
    const matrix = after(['2', ...many('l'), 'h', 'G', 'k']).positions[1];
    expect(matrix).toMatchObject({ x: 8, cursor: 8 });
    const bare = { ...AROUND, rows: () => 0 };
    const oldest = reduce(initialState(1, 6), { kind: 'edge', to: 'first' }, bare);
    expect(reduce(oldest, { kind: 'move', x: 0, y: 1 }, bare).positions[6]?.y).toBe(4);
    expect(after(['?', 'G', 'k']).dialog).toMatchObject({ scroll: 4 });
    const few = { ...AROUND, rows: () => 3 };
    const shrunk = reduce(after(['5', 'G']), { kind: 'move', x: 0, y: -1 }, few);
    expect(shrunk.positions[4]?.cursor).toBe(1);
  });

  it('filters while it is typed, and esc takes that back', () => {
    const typed = after(['3', 'j', '/', 'E', 't', 'h', 'q', 'backspace']);
    expect(typed).toMatchObject({ filter: 'eth', typing: true });
    expect(typed.positions[2]?.cursor).toBe(0);
    expect(after(['/', 'x', 'enter'])).toMatchObject({ filter: 'x', typing: false });
    expect(after(['/', 'x', 'enter', 'esc']).filter).toBe('');
    expect(after(['/', 'x', 'esc'])).toMatchObject({ filter: '', typing: false });
    expect(after(['i', 'i']).filter).toBe('ens1f0');
    expect(after(['i', 'i', 'i']).filter).toBe('');
  });

  it('changes the interval of the source, and requests single accepts while they are shown', () => {
    const on = context();
    after(['+', '+', '-', '-', '-', 'r', '7', '1', 'q'], on);
    expect(on.said).toEqual([
      'interval 2',
      'interval 5',
      'interval 2',
      'interval 1',
      'interval 1',
      'refresh',
      'listen true',
      'listen false',
      'quit',
    ]);
  });

  it('cannot change the machine of a recording', () => {
    for (const key of ['a', 'd', 't', 'u', 's']) {
      const state = after([key, 'y', 'Y']);
      expect(state.dialog).toBeNull();
      const on = context();
      press(on, key);
      expect(on.get().notice?.text).toBe('this is no live machine, so nothing can be changed');
    }
  });

  it('of any kind, in any order, leaves a state that can be drawn', () => {
    const keys = fc.constantFrom(...BINDINGS.flatMap((binding) => binding.keys), 'y', 'Y', 'x', 'backspace');
    fc.assert(
      fc.property(fc.array(keys), (typed) => {
        const state = after(typed);
        const place = state.positions[state.tab];
        expect(place?.cursor).toBeGreaterThanOrEqual(0);
        expect(place?.cursor).toBeLessThan(AROUND.rows());
        expect(place?.x).toBeGreaterThanOrEqual(0);
        expect(state.options.zoom).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the filter', () => {
  it('takes one character per key, and not the names of keys', () => {
    const state = initialState(1, 0);
    expect(typeFilter(state, 'pageup')).toEqual(state);
    expect(typeFilter(state, 'space').filter).toBe(' ');
    expect(reduce(state, { kind: 'filter' }, AROUND).typing).toBe(true);
  });
});

describe('the history', () => {
  const configuration = configurationOf(pair());
  const samples = historyOf([{ configuration, seconds: HISTORY + 30, rx: 0.5, tx: 0.5 }]);

  it('is bounded, and drops what is large in old samples', () => {
    const all = samples.reduce(append, [] as ReturnType<typeof append>);
    expect(all).toHaveLength(HISTORY);
    expect(all.at(-1)).toBe(samples.at(-1));
    expect(all.filter(({ rxMatrix }) => rxMatrix !== null).length).toBeLessThan(20);
    expect(all[0]?.rx).toEqual(samples[30]?.rx);
    expect(all[0]?.accept?.percent).toBe(samples[30]?.accept?.percent);
    expect(all[0]?.queues).toEqual([]);
  });
});
