/** What is wrong, the worst first; the finding under the cursor with the commands that fix it. */
import { type ReactNode, useMemo } from 'react';
import type { Finding } from '../../src/diagnose/types.ts';
import { clean } from '../../src/report/text.ts';
import { count } from '../../src/words/phrase.ts';
import { fit, type Line, span } from '../components/line.ts';
import { listLines } from '../components/list.ts';
import { Rows } from '../components/rows.tsx';
import { findingLine } from '../components/severity.ts';
import { sentence, wrapCommand } from '../components/text.ts';
import type { Pane, PaneProps } from '../pane.ts';
import type { Theme } from '../theme.ts';

export const findings: Pane = {
  id: 'findings',
  title: 'Findings',
  render: (props) => <Findings {...props} />,
  rows: (props) => findingsOf(props).length,
};

/** In row order. */
export function findingsOf({ history, filter }: Pick<PaneProps, 'history' | 'filter'>): readonly Finding[] {
  const found = history.at(-1)?.configuration.findings ?? [];
  if (filter === '') return found;
  return found.filter(({ rule, severity, subject, message }) =>
    `${severity} ${rule} ${subject} ${message}`.toLowerCase().includes(filter),
  );
}

function Findings(props: PaneProps): ReactNode {
  const { history, width, height, theme, filter } = props;
  const found = useMemo(() => findingsOf({ history, filter }), [history, filter]);
  const lines = listLines(props, {
    title: [span(count(found.length, 'finding'))],
    head: null,
    count: found.length,
    row: (at) => {
      const finding = found[at];
      return finding === undefined ? [] : findingLine(finding, theme);
    },
    foot: (at, room) => detail(found[at], width, room, theme),
    empty: 'No findings; not everything could be read.',
  });
  return <Rows lines={lines} width={width} height={height} theme={theme} />;
}

const INDENT = '   ';

/** The whole finding in at most `room` lines: as many whole commands as fit. */
function detail(finding: Finding | undefined, width: number, room: number, theme: Theme): readonly Line[] {
  if (finding === undefined) return [];
  const { rule, severity, subject, message, fix } = finding;
  const dash = theme.unicode ? '─' : '-';
  const said = [
    [span(` ${dash.repeat(Math.max(0, width - 2))}`, 'dim')],
    fit(
      [span(` ${clean(subject, theme.unicode)}`, 'strong'), span(`  ${severity}, ${rule}`, 'dim')],
      width,
      theme,
    ),
    ...sentence(message, width, theme),
  ];
  const lines = fix.map((command) => wrapCommand(command, INDENT, width - 1, theme));
  const shown: Line[] = [];
  for (const [at, command] of lines.entries()) {
    const left = lines.length - at;
    if (said.length + shown.length + command.length + (left > 1 ? 1 : 0) > room) {
      return [
        ...said,
        ...shown,
        [span(`   ${count(left, at === 0 ? 'command' : 'more command')}: enter shows all`, 'dim')],
      ];
    }
    shown.push(...command);
  }
  return [...said, ...shown];
}
