/** A load balancer as text. */
import type { BalanceOutlook, VipOutlook } from '../balance/outlook.ts';
import { count, percent } from '../words/phrase.ts';
import { heading } from './style.ts';
import { table } from './table.ts';
import { type Line, paragraph, type Style } from './text.ts';

export function balanceLines({ vips, removed, digest, rows }: BalanceOutlook, style: Style): readonly Line[] {
  return [
    ...vips.flatMap((vip) => vipLines(vip, rows, style)),
    ...(removed ?? []).flatMap((vip) => [...paragraph('', `${vip} is no longer balanced.`, style), []]),
    ...paragraph('', `Digest ${digest}: balancers with the same digest decide alike.`, style),
  ];
}

function vipLines({ vip, backends, moves }: VipOutlook, rows: number, style: Style): readonly Line[] {
  return [
    heading(vip, style),
    ...table(
      [
        { head: 'BACKEND', align: 'left' },
        { head: 'VIA', align: 'left' },
        { head: 'MAC', align: 'left' },
        { head: 'WEIGHT', align: 'right' },
        { head: 'SHARE', align: 'right' },
        { head: 'ROWS', align: 'right' },
      ],
      backends.map((each) => [
        each.address,
        each.via,
        each.via === 'mac' ? (each.mac ?? 'from the neighbour table') : '',
        String(each.weight),
        percent(each.rows / rows),
        String(each.rows),
      ]),
      style,
    ),
    ...(moves === null
      ? []
      : movesText({ vip, backends, moves }, rows).flatMap((text) => paragraph('', text, style))),
    [],
  ];
}

/** What happens to open connections: the reason why one looks at a plan. */
function movesText(
  { moves }: Pick<VipOutlook, 'vip' | 'backends' | 'moves'>,
  rows: number,
): readonly string[] {
  if (moves === null || moves.rows === 0) return ['No row moves: no connection notices.'];
  const { rows: moved, broken, orphaned, pairs } = moves;
  return [
    `${count(moved, 'row')} of ${rows} move${moved === 1 ? 's' : ''}: ${pairs
      .slice(0, 4)
      .map(({ from, to, rows: some }) => `${some} from ${from} to ${to}`)
      .join(', ')}${pairs.length > 4 ? `, and ${count(pairs.length - 4, 'more pair')}` : ''}.`,
    ...(broken > 0
      ? [
          `About ${percent(broken / rows)} of the open connections break: their rows leave a backend that stays, and the new one does not know them.`,
        ]
      : []),
    ...(orphaned > 0
      ? [`${percent(orphaned / rows)} of the open connections are lost with the backend that goes.`]
      : []),
  ];
}
