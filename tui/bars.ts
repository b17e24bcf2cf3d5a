/** The lines above and below the pane. */

import type { Host } from '../src/host/types.ts';
import type { Sample } from '../src/live/types.ts';
import { clean } from '../src/report/text.ts';
import { percentIn, whyMissing } from './components/figures.ts';
import { fit, justify, type Line, span, widthOf } from './components/line.ts';
import { clockText, percentText, percentTone } from './components/values.ts';
import { TITLES } from './keys.ts';
import type { ViewState } from './state.ts';
import type { Theme } from './theme.ts';

export interface BarProps {
  readonly sample: Sample;
  readonly state: ViewState;
  readonly theme: Theme;
  readonly label: string;
  readonly live: boolean;
  /** The recording is over: what is shown is its end. */
  readonly ended: boolean;
  readonly width: number;
}

export function headerLine({ sample, state, theme, label, live, ended, width }: BarProps): Line {
  const separator = theme.unicode ? ' · ' : ', ';
  const machine = machineWords(sample.configuration.host).map((word) => clean(word, theme.unicode));
  const mode = span(modeText(state.frozen, live, ended, theme), 'accent');
  const name = label === '' ? [] : [span(`  ${clean(label, theme.unicode)}`, 'accent')];
  const right: Line = [span(`${state.interval} s  `, 'dim'), mode, span(`  ${clockText(sample.time)} `)];
  const left: Line = [span(' locality-tune', 'strong'), ...name];
  // On a short line the words about the machine are dropped one by one, from the last.
  for (let count = machine.length; count > 0; count--) {
    const words = span(`  ${machine.slice(0, count).join(separator)}`);
    if (widthOf(left) + words.text.length + widthOf(right) + 2 <= width)
      return justify([...left, words], right, width, theme);
  }
  return justify(left, right, width, theme);
}

function modeText(frozen: boolean, live: boolean, ended: boolean, { unicode }: Theme): string {
  if (frozen) return `${unicode ? '‖' : '='} frozen`;
  if (live) return `${unicode ? '●' : '*'} live`;
  return ended ? `${unicode ? '■' : '#'} end` : `${unicode ? '▷' : '>'} replay`;
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

/** The result of the last action, or what is being typed; otherwise the probe, and the first thing that is missing. */
export function statusLine({ sample, state, theme, live, width }: BarProps): Line {
  if (state.typing)
    return fit([span(' /', 'accent'), span(`${state.filter}_`), HELP_OF_FILTER], width, theme);
  if (state.progress !== null)
    return fit([span(` ${clean(state.progress, theme.unicode)}`, 'partly')], width, theme);
  if (state.notice !== null) {
    const { text, ok } = state.notice;
    const mark = ok ? theme.mark.local : theme.mark.remote;
    return fit(
      [span(` ${mark} `, ok ? 'local' : 'remote'), span(clean(text, theme.unicode), 'strong')],
      width,
      theme,
    );
  }
  const filter = state.filter === '' ? [] : [span(` /${state.filter} `, 'accent')];
  const said = [...filter, ...probeSpans(sample, theme)];
  const all = hints(sample, state, live);
  // Why nothing is counted is more important than most keys; what a running probe cannot see is also in the notes.
  const full = sample.probe.state === 'running' || widthOf(said) + widthOf(all) + 2 <= width;
  const keys = full ? all : all.slice(-LAST_KEYS);
  const room = Math.max(LEAST_OF_PROBE, width - widthOf(keys) - 2);
  return justify(fit(said, room, theme), keys, width, theme);
}

const HELP_OF_FILTER = span('   enter: keep, esc: clear', 'dim');

function probeSpans(sample: Sample, theme: Theme): Line {
  const { probe } = sample;
  // While it runs, what it cannot see matters only if a figure is missing.
  const unseen = whyMissing(sample, 'tx');
  const why = clean((probe.state === 'running' ? unseen : probe.notes[0]) ?? '', theme.unicode);
  switch (probe.state) {
    case 'starting':
      return [span(' starting bpftrace ...', 'partly')];
    case 'running': {
      const coverage = probe.coverage ?? 'probe';
      const [what, limits] = COVERAGE.get(coverage) ?? [coverage, ''];
      const rest = why === '' ? limits : why;
      return [span(` ${what}`, 'local'), span(rest === '' ? '' : `: ${rest}`, 'dim')];
    }
    case 'missing':
      return [span(` ${theme.mark.unknown} `, 'unknown'), span(why)];
    case 'failed':
      return [span(` ${theme.mark.remote} probe: `, 'remote'), span(why)];
  }
}

/** Probe variants that do not see every packet, in words that fit next to the keys; the notes say more. */
const COVERAGE: ReadonlyMap<string, readonly [what: string, limits: string]> = new Map([
  ['rawtracepoint', ['raw tracepoints', 'UDP per socket']],
  ['tracepoint', ['tracepoints only', 'UDP per socket']],
  ['incoming-cpu', ['no alloc_cpu', 'rx uses the latest packet; no tx']],
]);

/** Width of the probe state before the keys. */
const LEAST_OF_PROBE = 12;

/** Spans of the hints' end: help and quit. */
const LAST_KEYS = 4;

/** The key that fixes something comes first. */
function hints({ configuration }: Sample, { tab }: ViewState, live: boolean): Line {
  const group = live && configuration.host.groups.length > 0;
  const words = [
    ...(group ? [['a', 'attach']] : []),
    ...(live ? [['t', 'tune']] : []),
    ...(TITLES[tab] === 'findings' && configuration.findings.length > 0
      ? [
          ['enter', 'commands'],
          ['c', 'copy'],
        ]
      : []),
    ...(TITLES[tab] === 'matrix' ? [['m', 'rx/tx']] : []),
    ['/', 'filter'],
    ['?', 'help'],
    ['q', 'quit'],
  ];
  return words.flatMap(([key = '', word = '']) => [span(key, 'accent'), span(` ${word}  `, 'dim')]);
}
