/**
 * The whole screen: a header, the bar of panes, one pane or a dialog, and a status line about what is measured and what
 * is missing.
 */
import { Box, useApp, useInput, usePaste, useWindowSize } from 'ink';
import {
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import type { Finding } from '../src/diagnose/types.ts';
import type { Group } from '../src/host/types.ts';
import type { Sample, Source } from '../src/live/types.ts';
import { At } from './at.tsx';
import { headerLine, tabLine } from './bars.ts';
import { keysLine, messageLines } from './bottom.ts';
import { Boundary } from './boundary.tsx';
import { type Canvas, OriginContext } from './canvas.ts';
import { type Line, span } from './components/line.ts';
import { Rows } from './components/rows.tsx';
import { DialogView, lastLine } from './dialogs/dialogs.tsx';
import { type KeyContext, notify } from './key-context.ts';
import { keysOf, TITLES } from './keys.ts';
import type { PaneProps } from './pane.ts';
import { countEvents } from './panes/events.tsx';
import { findingsOf } from './panes/findings.tsx';
import { groupUnder } from './panes/groups.tsx';
import { PANES } from './panes.ts';
import { initialState, typeFilter, type ViewState } from './state.ts';
import type { History } from './state-history.ts';
import { press } from './state-keys.ts';
import type { Theme } from './theme.ts';

export interface AppProps {
  readonly canvas: Canvas;
  readonly history: History;
  readonly source: Source;
  readonly theme: Theme;
  readonly interval: number;
  /** What is watched, if it is not this machine: a recording, the demo. */
  readonly label: string;
  /** Is the demo's server watched? */
  readonly demo: boolean;
  /** Copies text to the clipboard of the terminal. */
  readonly copy: (text: string) => void;
  readonly quit: () => void;
}

/** Lines above and below the pane, besides the message. */
const BARS = 3;

export function App({
  canvas,
  history,
  source,
  theme,
  interval,
  label,
  demo,
  copy,
  quit,
}: AppProps): ReactNode {
  const { columns, rows } = useWindowSize();
  const { suspendTerminal } = useApp();
  const place = useMemo(() => ({ canvas, x: 0, y: 0 }), [canvas]);
  const live = useSyncExternalStore(history.subscribe, history.get);
  const ended = useSyncExternalStore(history.subscribe, history.ended);
  const [state, setState] = useState(() => initialState(interval, 0));
  // Keys of one input are handled before React renders, so each must see the effect of the one before.
  const current = useRef(state);
  // A recording is paused itself, and can be moved meanwhile.
  const shown = useFrozen(live, state.frozen && source.replay === null);
  const sample = shown.at(-1);
  const bars = sample && {
    sample,
    state,
    theme,
    label,
    demo,
    live: source.live,
    ended,
    replay: source.replay?.state() ?? null,
    width: columns,
  };
  const messages = bars === undefined ? [] : messageLines(bars);
  const height = Math.max(1, rows - BARS - messages.length);
  const paneProps = (): PaneProps | null => propsFor(current.current, shown, theme, columns, height);

  const set = (next: ViewState): void => {
    current.current = next;
    setState(next);
  };
  const toShell = useCallback(() => void suspend(suspendTerminal, canvas), [suspendTerminal, canvas]);
  const context: KeyContext = {
    get: () => current.current,
    set,
    sample: () => sample ?? null,
    around: () => {
      const props = paneProps();
      return {
        rows: () => (props === null ? 0 : (PANES[current.current.tab]?.rows(props) ?? 0)),
        page: height,
        interfaces: sample?.configuration.host.nics.map(({ name }) => name) ?? [],
        lastLine: () => {
          const { dialog } = current.current;
          if (sample === undefined) return 0;
          if (dialog !== null) return lastLine({ dialog, sample, width: columns, height, theme });
          return Math.max(0, countEvents(shown, current.current.filter) - height);
        },
      };
    },
    source,
    finding: () => findingAt(paneProps()),
    group: () => groupAt(paneProps(), TITLES[current.current.tab] === 'groups'),
    copy,
    quit,
    suspend: toShell,
  };
  // Ink restores the screen when it unmounts, for any reason.
  useLayoutEffect(() => () => canvas.close(), [canvas]);
  useEffect(() => {
    process.on('SIGTSTP', toShell);
    return () => void process.off('SIGTSTP', toShell);
  }, [toShell]);
  useInput((input, key) => {
    for (const each of keysOf(input, key)) pressSafely(context, each);
  });
  usePaste((text) => {
    // A paste is not a key press: pasting a command must not confirm anything with a `y` in it.
    if (current.current.typing) for (const each of text.trim()) set(typeFilter(current.current, each));
  });

  const props = paneProps();
  const screen = { width: columns, theme };
  // Not shown by Ink: each row draws itself on the canvas.
  return (
    <Box display="none">
      <OriginContext.Provider value={place}>
        {props === null || bars === undefined ? (
          <Rows lines={WAITING} height={rows} {...screen} />
        ) : (
          <>
            <Rows lines={[headerLine(bars), tabLine(bars)]} height={2} {...screen} />
            <At x={0} y={2}>
              {state.dialog === null ? (
                <Boundary key={state.tab} version={bars.sample} height={height} {...screen}>
                  <Shown tab={state.tab} props={props} />
                </Boundary>
              ) : (
                <DialogView dialog={state.dialog} sample={bars.sample} height={height} {...screen} />
              )}
            </At>
            <At x={0} y={2 + height}>
              <Rows lines={[...messages, keysLine(bars)]} height={messages.length + 1} {...screen} />
            </At>
          </>
        )}
      </OriginContext.Provider>
    </Box>
  );
}

const WAITING: readonly Line[] = [
  [span(' locality-tune', 'strong')],
  [],
  [span(' reading the machine ...', 'dim')],
];

/** If a pane fails, so do the keys that need its rows; the others still work. */
function pressSafely(context: KeyContext, key: string): void {
  try {
    press(context, key);
  } catch (error) {
    notify(context, error instanceof Error ? error.message : String(error), false);
  }
}

function Shown({ tab, props }: { readonly tab: number; readonly props: PaneProps }): ReactNode {
  return PANES[tab]?.render(props);
}

function findingAt(props: PaneProps | null): Finding | null {
  const found = props === null ? [] : findingsOf(props);
  return found[Math.min(props?.cursor ?? 0, found.length - 1)] ?? null;
}

/** In the groups pane, the group under the cursor; elsewhere the group of the worst finding, or the first. */
function groupAt(props: PaneProps | null, shown: boolean): Group | null {
  const sample = props?.history.at(-1);
  if (props === null || sample === undefined) return null;
  if (shown) return groupUnder(props);
  const { host, findings } = sample.configuration;
  const named = findings.map(({ subject }) => host.groups.find(({ id }) => subject.includes(id)));
  return named.find((group) => group !== undefined) ?? host.groups[0] ?? null;
}

function propsFor(
  state: ViewState,
  history: readonly Sample[],
  theme: Theme,
  width: number,
  height: number,
): PaneProps | null {
  if (history.length === 0) return null;
  const { cursor, x, y } = state.positions[state.tab] ?? { cursor: 0, x: 0, y: 0 };
  const { filter, marks, options } = state;
  return { history, width, height, theme, cursor, scroll: { x, y }, filter, marks, options };
}

/** What was shown when the view was frozen. */
function useFrozen(live: readonly Sample[], frozen: boolean): readonly Sample[] {
  const kept = useRef<readonly Sample[] | null>(null);
  return useMemo(() => {
    if (!frozen) kept.current = null;
    else kept.current ??= live;
    return kept.current ?? live;
  }, [live, frozen]);
}

/** Stops the process like any program on ctrl-z; until `fg` the terminal belongs to the shell. */
async function suspend(
  suspendTerminal: ReturnType<typeof useApp>['suspendTerminal'],
  canvas: Canvas,
): Promise<void> {
  await suspendTerminal(() => {
    process.kill(process.pid, 'SIGSTOP');
  });
  canvas.repaint();
}
