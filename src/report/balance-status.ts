/** What `balance status` and `balance live` print. */
import type { BalanceStatus } from '../balance/status.ts';
import { count, percent } from '../words/phrase.ts';
import { table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

/** An earlier reading, for packets per second. */
export interface Since {
  readonly seconds: number;
  readonly found: readonly BalanceStatus[];
}

const number = (value: number): string => value.toLocaleString('en-US');

export const nothingBalanced: Line = [span('no interface here has a balancer')];

export const statusLines = (found: readonly BalanceStatus[], since: Since | null, style: Style): Line[] =>
  found.flatMap((each, at) => [...(at > 0 ? [[]] : []), ...oneStatus(each, since, style)]);

function oneStatus(status: BalanceStatus, since: Since | null, style: Style): Line[] {
  const { iface, mode, flowCache, digest, vips, program, warnings } = status;
  const cache = flowCache === null ? '' : `, a flow cache of ${number(flowCache)}`;
  const before = since?.found.find((each) => each.iface === iface);
  return [
    ...paragraph(`${iface}: `, `${count(vips.length, 'VIP')} (${mode}${cache})`, style, 'strong'),
    ...vips.flatMap((vip) =>
      vipLines(vip, since === null ? null : (before ?? null), since?.seconds ?? 0, style),
    ),
    [],
    ...paragraph('  ', counterWords(status), style),
    ...paragraph(
      '  ',
      `digest ${digest}; program ${program.name ?? '?'}, id ${program.id}, tag ${program.tag ?? '?'}`,
      style,
    ),
    ...warnings.flatMap((warning) => paragraph('  warning: ', warning, style, 'partly')),
  ];
}

function vipLines(
  { name, backends }: BalanceStatus['vips'][number],
  before: BalanceStatus | null,
  seconds: number,
  style: Style,
): Line[] {
  const all = backends.reduce((sum, each) => sum + each.packets, 0);
  const rows = backends.reduce((sum, each) => sum + each.rows, 0);
  const old = before?.vips.find((each) => each.name === name);
  const rate = (address: string, packets: number): string => {
    const was = old?.backends.find((each) => each.address === address);
    return was === undefined ? '-' : number(Math.round(Math.max(0, packets - was.packets) / seconds));
  };
  return [
    [],
    ...paragraph('  ', name, style),
    ...table(
      [
        { head: '  BACKEND', align: 'left' },
        { head: 'VIA', align: 'left' },
        { head: 'WEIGHT', align: 'right' },
        { head: 'ROWS', align: 'right' },
        { head: 'SHARE', align: 'right' },
        { head: 'PACKETS', align: 'right' },
        { head: 'OF ALL', align: 'right' },
        { head: 'BYTES', align: 'right' },
        ...(before === null ? [] : [{ head: 'PACKETS/S', align: 'right' } as const]),
      ],
      backends.map((each) => [
        `  ${each.address}`,
        each.via,
        String(each.weight),
        number(each.rows),
        percent(each.rows / rows),
        number(each.packets),
        all === 0 ? '-' : percent(each.packets / all),
        number(each.bytes),
        ...(before === null ? [] : [rate(each.address, each.packets)]),
      ]),
      style,
    ),
  ];
}

/** What went where, and what did not. */
function counterWords({ counters, flowCache }: BalanceStatus): string {
  const { balanced, errors, cached, echo, fragments, short, others, tooBig, noBackend } = counters;
  const list = (some: readonly (readonly [number, string])[]) =>
    some.flatMap(([value, what]) => (value > 0 ? [`${number(value)} ${what}`] : [])).join(', ');
  const passed = list([
    [echo, 'echo requests'],
    [fragments, 'fragments'],
    [others, 'other ICMP messages'],
    [short, 'that were too short'],
  ]);
  const dropped = list([
    [tooBig, 'longer than the MTU with their outer header'],
    [noBackend, 'without a backend'],
  ]);
  return [
    `${number(balanced)} packets were balanced${errors > 0 ? `, ${number(errors)} of them ICMP errors` : ''}${flowCache === null ? '' : `, ${number(cached)} by the flow cache`}.`,
    ...(passed === '' ? [] : [`Passed on to this machine: ${passed}.`]),
    ...(dropped === '' ? [] : [`Dropped: ${dropped}.`]),
  ].join(' ');
}
