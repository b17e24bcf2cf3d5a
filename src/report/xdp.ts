/** What `xdp` prints. */
import { count, cpuNames } from '../words/phrase.ts';
import { word } from '../words/shell.ts';
import type { SpreadCounters } from '../xdp/counters.ts';
import type { Sport } from '../xdp/sport.ts';
import { formatBy, formatPorts, type Spread } from '../xdp/spread.ts';
import { type AttachedProgram, describe } from '../xdp/state.ts';
import type { InterfaceStatus, SportStatus } from '../xdp/status.ts';
import { type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

const COLUMNS: readonly Column[] = [
  { head: '  CPU', align: 'right' },
  { head: 'spread', align: 'right' },
  { head: 'arrived', align: 'right' },
];

const number = (value: number): string => value.toLocaleString('en-US');

/** `UDP to ports 443, 4000 by flow, to CPUs 0-3`. */
export function spreadWords(spread: Spread): string {
  const { tcp, by, cpus, ports, raw } = spread;
  const one = ports.length + raw.length === 1;
  const where =
    by.way === 'inner'
      ? `tunnels ${formatPorts(spread)}`
      : `${tcp ? 'TCP' : 'UDP'} to ${one ? 'port' : 'ports'} ${formatPorts(spread)}`;
  return `${where} by ${formatBy(by)}, to ${cpuNames(cpus)}`;
}

/** Of an attached program that is ours, or of another. */
export function statusLines(found: readonly InterfaceStatus[], style: Style): Line[] {
  return found.flatMap((each, at) => [...(at > 0 ? [[]] : []), ...oneStatus(each, style)]);
}

function oneStatus({ state, program, spread, sport, warnings }: InterfaceStatus, style: Style): Line[] {
  const lead = `${state.name}: `;
  if (sport !== null) return [...sportLines(lead, sport, program, style), ...warningLines(warnings, style)];
  if (spread === null) {
    const whose =
      program.own?.command === 'balance'
        ? 'a balancer, see `locality-tune balance status`'
        : program.info === null
          ? 'it cannot be read, so it is not known whose it is; run it as root'
          : 'not attached by locality-tune, so it is left alone';
    return [...paragraph(lead, `${describe(program)}: ${whose}`, style)];
  }
  return [
    ...paragraph(
      lead,
      `${spreadWords(spread.settings)} (${program.mode}, ${count(spread.settings.queue, 'packet')} may wait for each)`,
      style,
      'strong',
    ),
    ...(spread.counters === null ? [] : counterLines(spread.counters, style)),
    ...programLine(program, style),
    ...warningLines(warnings, style),
  ];
}

const warningLines = (warnings: readonly string[], style: Style): Line[] =>
  warnings.flatMap((warning) => paragraph('  warning: ', warning, style, 'partly'));

const programLine = ({ info, programId }: AttachedProgram, style: Style): readonly Line[] =>
  info === null ? [] : paragraph('  ', `program ${info.name}, id ${programId}, tag ${info.tag}`, style);

/** `UDP to ports 4000 gets a random source port from 1024 to 65535`. */
export const sportWords = ({ ports, first, last, restore }: Sport): string =>
  `UDP to ${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')} gets a random source port from ${first} to ${last}${restore ? ', and answers get their own back' : ''}`;

function sportLines(
  lead: string,
  { settings, counters, restored }: SportStatus,
  program: AttachedProgram,
  style: Style,
): Line[] {
  const rewritten =
    counters === null
      ? []
      : paragraph(
          '  ',
          `${number(counters.rewritten)} packets were rewritten; ${number(counters.passed.fragments)} fragments and ${number(counters.passed.short)} that were too short were passed on as they are${settings.restore ? `, and ${number(counters.passed.noPort)} because every port tried belongs to another flow of the peer` : ''}.`,
          style,
        );
  const answers =
    restored === null
      ? []
      : paragraph('  ', `${number(restored)} answers got the peer's own port back.`, style);
  return [
    ...paragraph(lead, `${sportWords(settings)} (${program.mode})`, style, 'strong'),
    ...rewritten,
    ...answers,
    ...programLine(program, style),
  ];
}

function counterLines({ perCpu, spread, arrived, lost, passed }: SpreadCounters, style: Style): Line[] {
  const rows = perCpu.map((each) => [String(each.cpu), number(each.spread), number(each.arrived)]);
  const total = `${number(spread)} packets were spread, ${number(arrived)} arrived, ${number(lost)} were lost in the queues.`;
  const others = [
    [passed.fragments, 'fragments'],
    [passed.short, 'that were too short to tell'],
    [passed.noCpu, 'whose CPU was not in the map'],
  ] as const;
  const words = others.flatMap(([value, what]) => (value > 0 ? [`${number(value)} ${what}`] : []));
  return [
    ...table(COLUMNS, rows, style),
    ...paragraph('  ', total, style),
    ...(words.length > 0
      ? paragraph('  ', `Passed on as without the program: ${words.join(', ')}.`, style)
      : []),
  ];
}

/** After attaching: how to see it, and how to get rid of it. */
export function attachedLines(iface: string, does: string, style: Style): Line[] {
  const how = `\`locality-tune xdp status\` counts its packets, \`locality-tune xdp detach --iface ${word(iface)}\` restores everything`;
  return [...paragraph('', `${iface}: ${does}`, style, 'strong'), ...paragraph('', how, style)];
}

export const nothingAttached: Line = [span('no interface here has an XDP program')];
