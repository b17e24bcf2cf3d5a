/** The lines above and below the pane. */

import type { Host } from '../src/host/types.ts';
import type { ReplayState, Sample } from '../src/live/types.ts';
import { clean } from '../src/report/text.ts';
import { percentIn } from './components/figures.ts';
import { justify, type Line, span, widthOf } from './components/line.ts';
import { clockText, percentText, percentTone } from './components/values.ts';
import { TITLES } from './keys.ts';
import type { ViewState } from './state.ts';
import type { Theme } from './theme.ts';

export interface BarProps {
  readonly sample: Sample;
  readonly state: ViewState;
  readonly theme: Theme;
  readonly label: string;
  /** Is the demo's server watched? */
  readonly demo: boolean;
  readonly live: boolean;
  /** The recording is over: what is shown is its end. */
  readonly ended: boolean;
  /** null: not a recording. */
  readonly replay: ReplayState | null;
  readonly width: number;
}

export function headerLine(props: BarProps): Line {
  const { sample, theme, label, width } = props;
  const separator = theme.unicode ? ' · ' : ', ';
  const machine = machineWords(sample.configuration.host).map((word) => clean(word, theme.unicode));
  const pace = paceText(props);
  const right: Line = [
    span(pace === '' ? '' : `${pace}  `, 'dim'),
    span(modeText(props), 'accent'),
    span(`  ${clockText(sample.time)} `),
  ];
  const title = span(' locality-tune', 'strong');
  const named = nameSpans(label, width - widthOf([title, ...right]) - 2, theme);
  const left: Line = [title, ...named];
  // On a short line the words about the machine are dropped one by one, from the last.
  for (let count = machine.length; count > 0; count--) {
    const words = span(`  ${machine.slice(0, count).join(separator)}`);
    if (widthOf(left) + words.text.length + widthOf(right) + 2 <= width)
      return justify([...left, words], right, width, theme);
  }
  return justify(left, right, width, theme);
}

/** The end of a long path says most, and never takes the place of the clock. */
function nameSpans(label: string, room: number, { unicode }: Theme): Line {
  const name = clean(label, unicode);
  const most = room - 2;
  if (name === '' || most < LEAST_NAME) return [];
  const dots = clean('…', unicode);
  return [span(`  ${name.length <= most ? name : `${dots}${name.slice(dots.length - most)}`}`, 'accent')];
}

const LEAST_NAME = 8;

/** Of what is not a single moment. */
function paceText({ live, replay, state }: BarProps): string {
  if (live) return `${state.interval} s`;
  return replay === null ? '' : `${replay.at} of ${replay.total}  ${speedText(replay.speed)}`;
}

const speedText = (speed: number): string => (speed < 1 ? `1/${1 / speed}x` : `${speed}x`);

function modeText({ state, live, ended, replay, theme: { unicode } }: BarProps): string {
  if (replay?.paused) return `${unicode ? '‖' : '='} paused`;
  if (state.frozen) return `${unicode ? '‖' : '='} frozen`;
  if (live) return `${unicode ? '●' : '*'} live`;
  if (replay === null) return `${unicode ? '■' : '#'} snapshot`;
  return ended || replay.ended ? `${unicode ? '■' : '#'} end` : `${unicode ? '▷' : '>'} replay`;
}

function machineWords({ machine, nics }: Host): string[] {
  const { online, numa } = machine.cpus;
  const ports = nics.filter(({ rxQueues, driver }) => driver !== null && rxQueues.length > 0);
  return [
    machine.hostname ?? 'unknown host',
    ...(machine.kernel === null ? [] : [machine.kernel.replace(/-.*$/, '')]),
    counted(online.length, 'CPU'),
    ...(numa.length > 0 ? [counted(numa.length, 'node')] : []),
    ...ports.map(({ name, driver, rxQueues }) => `${name} ${driver} ${rxQueues.length}q`),
  ];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The names of all panes, or only of the shown one; at the right the two percentages, in every pane. */
export function tabLine({ sample, state, theme, width }: BarProps): Line {
  const figures = state.tab === 0 ? [] : figuresOf(sample, theme);
  const full = TITLES.flatMap((title, index) => tab(`${index + 1} ${title}`, index === state.tab));
  if (widthOf(full) + widthOf(figures) + 2 <= width) return justify(full, figures, width, theme);
  const short = TITLES.flatMap((title, index) =>
    index === state.tab ? tab(`${index + 1} ${title}`, true) : tab(String(index + 1), false),
  );
  return justify(short, figures, width, theme);
}

const tab = (text: string, shown: boolean): Line =>
  shown ? [span('[', 'accent'), span(text, 'strong'), span(']', 'accent')] : [span(` ${text} `, 'dim')];

function figuresOf(sample: Sample, theme: Theme): Line {
  const figure = (name: 'rx' | 'tx'): Line => {
    const percent = percentIn(sample, name);
    return [
      span(`${name} `, 'dim'),
      span(`${percentText(percent, theme)}${percent === null ? '' : ' %'}`, percentTone(percent)),
    ];
  };
  const port: Line = sample.port === null ? [] : [span(`:${sample.port}  `, 'dim')];
  return [...port, ...figure('rx'), span('  '), ...figure('tx'), span(' ')];
}
