/** The pictures of docs/img: screens of the view, from recordings. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Box, renderToString } from 'ink';
import { readRecording } from '../src/live/recording.ts';
import type { Sample } from '../src/live/types.ts';
import { headerLine, tabLine } from '../tui/bars.ts';
import { keysLine, messageLines } from '../tui/bottom.ts';
import type { Background } from '../tui/colours.ts';
import { Rows } from '../tui/components/rows.tsx';
import { TITLES } from '../tui/keys.ts';
import { PANES } from '../tui/panes.ts';
import { initialState } from '../tui/state.ts';
import { themeOf } from '../tui/theme.ts';
import { svg } from './svg.ts';

interface Screen {
  readonly pane: (typeof TITLES)[number];
  /** In test/fixtures/recordings. */
  readonly recording: string;
  readonly columns: number;
  readonly rows: number;
  readonly cursor: number;
  readonly title: string;
}

const SCREENS: readonly Screen[] = [
  {
    pane: 'overview',
    recording: 'igb',
    columns: 124,
    rows: 37,
    cursor: 0,
    title: 'Locality before and after a program was attached',
  },
  {
    pane: 'matrix',
    recording: 'two-nodes',
    columns: 100,
    rows: 42,
    cursor: 34,
    title: 'Which CPU made a packet, and which one used it',
  },
  {
    pane: 'queues',
    recording: 'igb',
    columns: 100,
    rows: 20,
    cursor: 3,
    title: 'Queues, their interrupts and CPUs',
  },
  {
    pane: 'groups',
    recording: 'igb',
    columns: 100,
    rows: 18,
    cursor: 0,
    title: 'A reuseport group and its workers',
  },
  {
    pane: 'findings',
    recording: 'two-nodes',
    columns: 100,
    rows: 20,
    cursor: 0,
    title: 'What is wrong, and the commands that fix it',
  },
];

const GROUNDS: Readonly<Record<Background, { readonly foreground: string; readonly background: string }>> = {
  dark: { foreground: '#d0d0d0', background: '#1c1c1c' },
  light: { foreground: '#303030', background: '#f4f4f4' },
};

/** SVG by file name. @param root of the repository */
export function pictures(root: string): ReadonlyMap<string, string> {
  const drawn = SCREENS.flatMap((screen) => {
    const file = join(root, 'test/fixtures/recordings', `${screen.recording}.jsonl`);
    const history = readRecording(readFileSync(file, 'utf8'));
    return (['dark', 'light'] as const).map((background) => {
      const picture = { ...screen, ...GROUNDS[background] };
      return [
        `live-${screen.pane}-${background}.svg`,
        svg(draw(screen, history, background), picture),
      ] as const;
    });
  });
  return new Map(drawn);
}

function draw(
  { pane, columns, rows, cursor }: Screen,
  history: readonly Sample[],
  background: Background,
): string {
  const theme = themeOf({ LANG: 'C.UTF-8', COLORTERM: 'truecolor' }, { when: 'always', background });
  const tab = TITLES.indexOf(pane);
  const state = initialState(1, tab);
  const sample = history.at(-1);
  if (sample === undefined) return '';
  const bars = {
    sample,
    state,
    theme,
    label: '',
    demo: false,
    live: true,
    ended: false,
    replay: null,
    width: columns,
  };
  const marks = history.flatMap(({ events }) =>
    events.filter(({ kind }) => kind === 'action').map(({ time }) => time),
  );
  const props = {
    history,
    width: columns,
    height: rows - 4,
    theme,
    cursor,
    scroll: { x: cursor, y: 0 },
    filter: '',
    marks,
    options: state.options,
  };
  return renderToString(
    <Box flexDirection="column" width={columns} height={rows}>
      <Rows lines={[headerLine(bars), tabLine(bars)]} width={columns} height={2} theme={theme} />
      {PANES[tab]?.render(props)}
      <Rows lines={[...messageLines(bars), keysLine(bars)]} width={columns} height={2} theme={theme} />
    </Box>,
    { columns },
  );
}
