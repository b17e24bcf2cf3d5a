/** The lines below the pane: one that says what is going on, and one of keys that is always there. */
import type { Sample } from '../src/live/types.ts';
import { clean, wrap } from '../src/report/text.ts';
import { duration } from '../src/words/duration.ts';
import { percent } from '../src/words/phrase.ts';
import type { BarProps } from './bars.ts';
import { whyMissing } from './components/figures.ts';
import { fit, type Line, type Span, span, widthOf } from './components/line.ts';
import { TITLES } from './keys.ts';
import type { Theme } from './theme.ts';

/** Lines that a long result may take; the pane gives them. */
const MOST_LINES = 4;

/**
 * What is typed, going on or done; otherwise the hint of the demo, or the probe and the first thing that is missing. One
 * line, but the whole result of an action.
 */
export function messageLines(props: BarProps): readonly Line[] {
  const { state, theme, width } = props;
  if (state.typing) return [fit([span(' /', 'accent'), span(`${state.filter}_`)], width, theme)];
  if (state.progress !== null || state.notice === null) return [fit(messageOf(props), width, theme)];
  const { text, ok } = state.notice;
  const mark = span(` ${ok ? theme.mark.local : theme.mark.remote} `, ok ? 'local' : 'remote');
  return wrap(text, Math.max(1, width - INDENT), theme.unicode)
    .slice(0, MOST_LINES)
    .map((line, at) => [at === 0 ? mark : span(' '.repeat(INDENT)), span(line, 'strong')]);
}

const INDENT = 3;

function messageOf({ sample, state, theme, demo }: BarProps): Line {
  const filter = state.filter === '' ? [] : [span(` /${state.filter} `, 'accent')];
  if (state.progress !== null) return [span(` ${clean(state.progress, theme.unicode)}`, 'partly')];
  if (sample.experiment !== undefined) return [...filter, ...experimentSpans(sample.experiment, theme)];
  const hint = demo && state.dialog === null && sample.probe.state !== 'failed' ? demoHint(sample) : null;
  return [...filter, ...(hint === null ? probeSpans(sample, theme) : [span(` ${hint}`, 'accent')])];
}

/** How far it is, and never what it has found so far: see docs/proving.md. */
function experimentSpans(running: NonNullable<Sample['experiment']>, theme: Theme): Line {
  const { change, group, blocks, ofBlocks, secondsLeft, spread } = running;
  const differ = spread === null ? '' : `; blocks differ by ${percent(spread)} by themselves`;
  const what = change === 'plan' ? `the plan at ${group}` : `${change} of ${group}`;
  const text = `${blocks} of ${ofBlocks} blocks, ${duration(secondsLeft)} left${differ}`;
  return [span(' prove ', 'dim'), span(clean(what, theme.unicode), 'partly'), span(` ${text}`)];
}

/** What to press, until it was pressed. */
function demoHint({ configuration }: Sample): string {
  const [group] = configuration.host.groups;
  return group?.program == null
    ? 'Demo: press a, then y, to steer connections to the CPU that receives them.'
    : 'Demo: accept and RX are local now. Press d, then y, to detach the program.';
}

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
      return [span(' probe ', 'dim'), span(what, 'local'), span(rest === '' ? '' : `: ${rest}`, 'dim')];
    }
    case 'missing':
      return [span(` ${theme.mark.unknown} `, 'unknown'), span(why)];
    case 'failed':
      return [span(` ${theme.mark.remote} probe: `, 'remote'), span(why)];
  }
}

/** Probe variants that do not see every packet, in a few words; the notes say more. */
const COVERAGE: ReadonlyMap<string, readonly [what: string, limits: string]> = new Map([
  ['rawtracepoint', ['raw tracepoints', 'UDP per socket']],
  ['tracepoint', ['tracepoints only', 'UDP per socket']],
  ['incoming-cpu', ['no alloc_cpu', 'rx uses the latest packet; no tx']],
]);

/** A key, what it does, and its importance: on a short line the highest numbers are left out first. */
type Hint = readonly [key: string, word: string, importance: number];

/** The keys that matter here; help and quit at any width. */
export function keysLine(props: BarProps): Line {
  const { width, theme } = props;
  let hints = hintsOf(props);
  const drawn = () => hints.flatMap(([key, word]) => [span(` ${key}`, 'accent'), span(` ${word} `, 'dim')]);
  for (let line: Span[] = drawn(); widthOf(line) > width && hints.length > 2; line = drawn()) {
    const most = Math.max(...hints.map(([, , importance]) => importance));
    hints = hints.filter(([, , importance]) => importance !== most);
  }
  return fit(drawn(), width, theme);
}

function hintsOf({ sample: { configuration }, state, live, replay }: BarProps): readonly Hint[] {
  if (state.typing)
    return [
      ['enter', 'keep the filter', 0],
      ['esc', 'clear it', 0],
    ];
  if (state.dialog !== null)
    return [
      ['esc', 'close', 0],
      ...('scroll' in state.dialog ? [['up down', 'scroll', 2] as const] : []),
      ['ctrl-c', 'quit', 1],
    ];
  const tab = TITLES[state.tab];
  const found = tab === 'findings' && configuration.findings.length > 0;
  return [
    ...(replay === null ? [] : [['[ ]', 'back, forward', 2] as const, ['< >', 'speed', 3] as const]),
    ...(live && configuration.host.groups.length > 0 ? [['a', 'attach', 2] as const] : []),
    ...(live ? [['t', 'tune', 2] as const] : []),
    ...(found ? [['enter', 'explain', 1] as const, ['c', 'copy commands', 3] as const] : []),
    ...(tab === 'overview' && configuration.findings.length > 0 ? [['enter', 'findings', 3] as const] : []),
    ...(tab === 'matrix' ? [['m', 'rx/tx', 3] as const, ['z', 'zoom', 6] as const] : []),
    ...(tab === 'queues' || tab === 'groups' || tab === 'paths' ? [['o', 'order', 3] as const] : []),
    ['/', 'filter', 4],
    ['space', state.frozen ? 'continue' : replay === null ? 'freeze' : 'pause', replay === null ? 5 : 2],
    ['n', 'notes', 7],
    ['?', 'help', 0],
    ['q', 'quit', 0],
  ];
}
