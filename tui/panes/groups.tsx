/** Reuseport groups, their members in slot order, and what each member receives. */
import { type ReactNode, useMemo } from 'react';
import type { Group, GroupSocket } from '../../src/host/types.ts';
import type { Configuration, MemberSample, Sample } from '../../src/live/types.ts';
import { percentOf } from '../../src/measure/percent.ts';
import { short } from '../../src/report/format.ts';
import { chosenBy } from '../../src/report/inspection.ts';
import { clean } from '../../src/report/text.ts';
import { count } from '../../src/words/phrase.ts';
import { whoseAll } from '../../src/words/whose.ts';
import { bar } from '../components/bar.ts';
import { headLine, longest, type PaneColumn, place, rowLine } from '../components/columns.ts';
import { isEnough } from '../components/figures.ts';
import { lately } from '../components/lately.ts';
import { type Line, span } from '../components/line.ts';
import { listLines, MARGIN } from '../components/list.ts';
import { inOrder, type Order, orderText } from '../components/order.ts';
import { Rows } from '../components/rows.tsx';
import { cpusText, known, ownersText, sentence } from '../components/text.ts';
import { PERCENT, percentText, percentTone, RATE, rateText } from '../components/values.ts';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export const groups: Pane = {
  id: 'groups',
  title: 'Groups',
  render: (props) => <Groups {...props} />,
  rows: ({ history, filter, theme }) => {
    const configuration = history.at(-1)?.configuration;
    return configuration === undefined ? 0 : rowsOf(configuration, filter, theme).length;
  },
};

/** A group, or one of its members. */
interface Row {
  readonly group: Group;
  readonly socket: GroupSocket | null;
  /** The texts of a member, made once per reading of the machine. */
  readonly words: Words;
}

interface Words {
  readonly slot: string;
  readonly worker: string;
  readonly whose: string;
  readonly cpus: string;
  readonly drops: string;
}

/** The group of the cursor; null if there is none. */
export function groupUnder(props: Pick<PaneProps, 'history' | 'filter' | 'theme' | 'options' | 'cursor'>) {
  const { history, filter, theme, options, cursor } = props;
  const configuration = history.at(-1)?.configuration;
  if (configuration === undefined) return null;
  const rows = ordered(rowsOf(configuration, filter, theme), options.order, history);
  return rows[Math.max(0, Math.min(cursor, rows.length - 1))]?.group ?? null;
}

/** Groups in the order, and the members of each; a title stays above its members. */
function ordered(rows: readonly Row[], order: Order, history: readonly Sample[]): readonly Row[] {
  if (order === 'listed') return rows;
  const matches = matchesOf(history);
  const keyOf = ({ group, socket }: Row) => (socket === null ? group.id : `${group.id} ${socket.inode}`);
  const keys = {
    share: (row: Row) => percentOfMatch(matches.get(keyOf(row))),
    all: 100,
    rate: (row: Row) => matches.get(keyOf(row))?.events ?? null,
  };
  const blocks = [...Map.groupBy(rows, ({ group }) => group.id).values()];
  const titles = inOrder(
    blocks.flatMap(([title]) => title ?? []),
    order,
    keys,
  );
  const byGroup = new Map(blocks.map((block) => [block[0]?.group.id, block.slice(1)]));
  return titles.flatMap((title) => [title, ...inOrder(byGroup.get(title.group.id) ?? [], order, keys)]);
}

/** A filter that names a group, or an interface that feeds it, shows all its members. */
function shownOf({ host, expected }: Configuration, filter: string) {
  const nicsOf = Map.groupBy(expected, ({ group }) => group);
  return host.groups.flatMap((group) => {
    const title = [group.id, ...(nicsOf.get(group.id) ?? []).map(({ nic }) => nic)].join(' ');
    const all = title.toLowerCase().includes(filter);
    const members = all ? group.sockets : group.sockets.filter((socket) => textOf(socket).includes(filter));
    return all || members.length > 0 ? [{ group, members }] : [];
  });
}

const NO_WORDS: Words = { slot: '', worker: '', whose: '', cpus: '', drops: '' };

function rowsOf(configuration: Configuration, filter: string, theme: Theme): readonly Row[] {
  return shownOf(configuration, filter).flatMap(({ group, members }): Row[] => [
    { group, socket: null, words: NO_WORDS },
    ...members.map((socket) => ({ group, socket, words: wordsOf(socket, theme) })),
  ]);
}

function wordsOf({ slot, slotSource, owners, cpus, drops }: GroupSocket, theme: Theme): Words {
  return {
    slot: `${known(slot, theme)}${slotSource === 'guess' ? '?' : ''}`,
    worker: ownersText(owners, theme),
    whose: clean(whoseAll(owners), theme.unicode),
    cpus: cpusText(cpus, theme),
    drops: known(drops, theme),
  };
}

function textOf({ owners, slot }: GroupSocket): string {
  return [`slot ${slot}`, ...owners.map(({ comm, pid }) => `${comm} ${pid}`), whoseAll(owners)]
    .join(' ')
    .toLowerCase();
}

function Groups(props: PaneProps): ReactNode {
  const { history, width, height, theme, filter, options } = props;
  const now = history.at(-1);
  const configuration = now?.configuration;
  const rows = useMemo(
    () => (configuration ? rowsOf(configuration, filter, theme) : []),
    [configuration, filter, theme],
  );
  const shown = ordered(rows, options.order, history);
  const lines = now === undefined ? [] : groupLines(props, now, shown);
  return <Rows lines={lines} width={width} height={height} theme={theme} />;
}

function groupLines(props: PaneProps, now: Sample, rows: readonly Row[]): readonly Line[] {
  const { theme, width } = props;
  const matches = matchesOf(props.history);
  const totals = totalsOf(now, matches);
  const columns = place(columnsOf(rows, now, totals, matches, theme), width - MARGIN);
  return listLines(props, {
    title: [
      span(count(now.configuration.host.groups.length, 'reuseport group')),
      span(orderText(props.options.order), 'dim'),
    ],
    head: headLine(columns, theme),
    count: rows.length,
    row: (at) => {
      const row = rows[at];
      if (row === undefined) return [];
      return row.socket === null
        ? titleLine(row.group, totals.get(row.group.id), theme)
        : rowLine(columns, row, theme);
    },
    foot: (at) => footOf(rows[at], width, theme),
    empty: 'No reuseport group: no two sockets share a port.',
  });
}

/** Whose a member's worker is, which the table may have cut; the program, or what is not known about the group. */
function footOf(row: Row | undefined, width: number, theme: Theme): readonly Line[] {
  if (row === undefined) return [];
  const { group, words } = row;
  const asm = group.program?.asm?.trim().replace(/\s*\n\s*/g, '; ');
  return [
    ...(words.whose === ''
      ? []
      : sentence(`${words.worker} belongs to ${words.whose}`, width, theme).slice(0, 1)),
    ...(asm === undefined ? [] : sentence(`${group.id}: ${asm}`, width, theme).slice(0, 2)),
    ...group.notes.flatMap((note) => sentence(note, width, theme, 'dim').slice(0, 2)),
  ];
}

interface Total {
  /** null if the value of any member is not known. */
  readonly rate: number | null;
  /** Of the last seconds. */
  readonly percent: number | null;
  /** Rate of its busiest member. */
  readonly most: number;
}

/** One pass over the members of all groups. */
function totalsOf({ members }: Sample, matches: Matches): ReadonlyMap<string, Total> {
  const byGroup = Map.groupBy(members, ({ group }) => group);
  return new Map([...byGroup].map(([group, of]) => [group, totalOf(group, of, matches)]));
}

function totalOf(group: string, members: readonly MemberSample[], matches: Matches): Total {
  let rate: number | null = 0;
  let most = 0;
  for (const member of members) {
    rate = rate === null || member.rate === null ? null : rate + member.rate;
    most = Math.max(most, member.rate ?? 0);
  }
  return { rate, percent: percentOfMatch(matches.get(group)), most };
}

/** Events, and those whose reader ran on the receiving CPU, by group and by {@link memberKey}. */
type Matches = ReadonlyMap<string, { readonly events: number; readonly matched: number }>;

const memberKey = ({ group, inode }: Pick<MemberSample, 'group' | 'inode'>): string => `${group} ${inode}`;

/** One second of a single worker is a handful of events, so a match is that of several samples. */
const LATELY = 8;

function matchesOf(history: readonly Sample[]): Matches {
  const matches = new Map<string, { events: number; matched: number }>();
  const add = (key: string, events: number, percent: number): void => {
    const { events: before, matched } = matches.get(key) ?? { events: 0, matched: 0 };
    matches.set(key, { events: before + events, matched: matched + (events * percent) / 100 });
  };
  for (const { members, seconds } of lately(history, LATELY))
    for (const member of members) {
      const { rate, percent, group } = member;
      if (rate === null || percent === null) continue;
      add(group, rate * seconds, percent);
      add(memberKey(member), rate * seconds, percent);
    }
  return matches;
}

function percentOfMatch(match: { readonly events: number; readonly matched: number } | undefined) {
  return match === undefined || !isEnough(match.events) ? null : percentOf(match.matched, match.events);
}

function titleLine(group: Group, total: Total | undefined, theme: Theme): Line {
  const percent = total?.percent ?? null;
  return [
    span(clean(group.id, theme.unicode), 'strong'),
    span(`  ${count(group.size, 'socket')}, ${clean(chosenBy(group), theme.unicode)}  `),
    span(`${percentText(percent, theme)}${percent === null ? '' : ' %'}`, percentTone(percent)),
    span(` match  ${rateText(total?.rate ?? null, theme)}/s`),
  ];
}

const BAR = 16;
const NAME = 28;

function columnsOf(
  rows: readonly Row[],
  { members }: Sample,
  totals: ReadonlyMap<string, Total>,
  matches: Matches,
  theme: Theme,
): readonly PaneColumn<Row>[] {
  const bySocket = new Map(members.map((member) => [memberKey(member), member]));
  const keyOf = ({ group, socket }: Row) => `${group.id} ${socket?.inode}`;
  const sampleOf = (row: Row) => bySocket.get(keyOf(row));
  const percentIn = (row: Row) => percentOfMatch(matches.get(keyOf(row)));
  const width = (word: keyof Words) => longest(rows.map(({ words }) => words[word]));
  const waiting = (row: Row) => {
    const queued = sampleOf(row)?.recvQueue ?? row.socket?.recvQueue ?? null;
    return queued === null ? theme.mark.unknown : short(queued);
  };
  const mostOf = ({ group }: Row) => totals.get(group.id)?.most ?? 0;
  return [
    { head: '', align: 'left', width: 1, cell: (row) => percentMark(percentIn(row), theme) },
    { head: 'slot', align: 'right', width: width('slot'), cell: ({ words }) => span(words.slot) },
    {
      head: 'worker',
      align: 'left',
      width: Math.min(NAME, width('worker')),
      cell: ({ words }) => span(words.worker),
    },
    ...(width('whose') === 0 ? [] : [whoseColumn(Math.min(NAME, width('whose')))]),
    {
      head: 'cpu',
      align: 'right',
      width: Math.min(10, width('cpus')),
      cell: ({ words }) => span(words.cpus, 'strong'),
    },
    {
      head: 'rate/s',
      align: 'right',
      width: RATE,
      cell: (row) => span(rateText(sampleOf(row)?.rate ?? null, theme)),
    },
    {
      head: '',
      align: 'left',
      width: BAR,
      leaves: 2,
      cell: (row) =>
        span(bar(mostOf(row) === 0 ? 0 : (sampleOf(row)?.rate ?? 0) / mostOf(row), BAR, theme), 'accent'),
    },
    {
      head: 'match %',
      align: 'right',
      width: PERCENT,
      cell: (row) => {
        const percent = percentIn(row);
        return span(percentText(percent, theme), percentTone(percent));
      },
    },
    {
      head: 'waiting',
      align: 'right',
      width: RATE,
      leaves: 1,
      cell: (row) => span(waiting(row)),
    },
    {
      head: 'drops',
      align: 'right',
      width: width('drops'),
      leaves: 3,
      cell: ({ words }) => span(words.drops),
    },
  ];
}

const whoseColumn = (width: number): PaneColumn<Row> => ({
  head: 'unit, container',
  align: 'left',
  width,
  leaves: 4,
  cell: ({ words }) => span(words.whose, 'dim'),
});

function percentMark(percent: number | null, { mark }: Theme) {
  const tone = percentTone(percent);
  return span(mark[tone], tone);
}
