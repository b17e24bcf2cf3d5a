/** What an experiment has shown, in one word and one sentence. The first verdict that holds is given. */

import { duration } from '../words/duration.ts';
import { percent } from '../words/phrase.ts';
import { compare, wholeBlocks } from './compare.ts';
import { lookAt, lookInterval } from './looks.ts';
import { ABOUT, SHORT } from './metrics.ts';
import { lengthOf } from './schedule.ts';
import { blocksForMargin, type Interval } from './statistics.ts';
import type { Design, Metric, MetricName, Metrics, Per, Round, Verdict, VerdictName } from './types.ts';

/** With fewer accepts in a round the CPU time of one is mostly noise. */
export const LEAST_CONNECTIONS = 200;
/** With fewer blocks no exact interval reaches 95 %. */
export const LEAST_BLOCKS = 6;
/** Load that is 1 % higher makes a connection about 0.3 % cheaper, by larger batches. */
const LOAD_THAT_MATTERS = 0.01;
/** Points by which the busiest worker's share of the CPU time must grow. */
const SHARE_THAT_MATTERS = 5;
/** Points of all CPUs. */
const STEAL_THAT_MATTERS = 1;

/** Does the last round have too little traffic for a verdict? */
export const isQuiet = (rounds: readonly Round[]): boolean =>
  (rounds.at(-1)?.connections ?? LEAST_CONNECTIONS) < LEAST_CONNECTIONS;

export interface Judging {
  readonly design: Design;
  /** The metric that decides. */
  readonly primary: MetricName;
  /** Of `number`, which only the user knows; null: as the metric's own. */
  readonly better: 'lower' | 'higher' | null;
  /** What counts as a difference, as a share: 0.02. Of metrics in points, 2. */
  readonly margin: number;
  readonly protocol: 'tcp' | 'udp';
  readonly per: Per;
  /**
   * Does the program choose by the CPU, so that it must change where wakeups come from? false also for an experiment
   * without a change.
   */
  readonly changesWakeups: boolean;
  /** What was switched, for sentences: `the program`, `the plan`. */
  readonly what: string;
  /** Why it was stopped before its end; null if it was not. */
  readonly stopped: string | null;
}

export interface Judged extends Verdict {
  readonly metrics: Metrics;
}

/** Judges the whole blocks among `rounds`. */
export function judge(rounds: readonly Round[], judging: Judging): Judged {
  const blocks = wholeBlocks(rounds);
  const metrics = withLook(compare(blocks.flat(), SHORT[judging.per]), judging);
  const [verdict, text] = decide(rounds, metrics, judging);
  const notes = notesOn(metrics, judging);
  if (judging.stopped === null) return { verdict, text, notes, metrics };
  const lead = `Stopped early, so nothing is proved: ${judging.stopped}.`;
  return { verdict: 'stopped', text: `${lead} ${text}`, notes, metrics };
}

/** Who may stop early needs a wider interval for what decides. */
function withLook(metrics: Metrics, { design, primary }: Judging): Metrics {
  const metric = metrics[primary];
  if (metric === undefined || !design.untilClear) return metrics;
  const look = lookInterval(metric.d, Math.max(1, lookAt(metric.n, design.blocks)));
  const shown: Interval =
    metric.scale === 'difference'
      ? look
      : { ...look, effect: Math.expm1(look.effect), low: Math.expm1(look.low), high: Math.expm1(look.high) };
  return { ...metrics, [primary]: { ...metric, ...shown } };
}

/** Would more blocks tell nothing else? */
export const isClear = (verdict: VerdictName): boolean => verdict !== 'too-noisy' && verdict !== 'too-few';

function decide(
  rounds: readonly Round[],
  metrics: Metrics,
  judging: Judging,
): readonly [VerdictName, string] {
  const { design, margin, per, primary: name } = judging;
  const wakeups = metrics['remote-wakeups'];
  if (judging.changesWakeups && wakeups !== undefined && wakeups.low <= 0 && wakeups.high >= 0)
    return [
      'not-in-force',
      `${capital(judging.what)} changed nothing: ${points(wakeups.off)} of the wakeups came from another CPU without it, and ${points(wakeups.on)} with it.`,
    ];
  const least = Math.min(...rounds.map(({ connections }) => connections));
  if (least < LEAST_CONNECTIONS && name !== 'number')
    return ['too-little-traffic', tooLittle(least, per, design)];
  const primary = metrics[name];
  const blocks = wholeBlocks(rounds).length;
  if (blocks < LEAST_BLOCKS)
    return ['too-few', `Too few blocks to tell: ${blocks} of at least ${LEAST_BLOCKS}.`];
  if (primary === undefined)
    return [
      'too-few',
      `Too little is known to tell: ${ABOUT[name].phrase(per)} could not be measured in every round.`,
    ];
  if (primary.scale === 'difference' && !ABOUT[name].inPoints)
    return [
      'too-few',
      `Too little happened to tell: in some round the figure was 0 (${ABOUT[name].phrase(per)}), so there is no ratio.`,
    ];
  const conflict = name === 'worker-cpu' ? contradiction(primary, metrics['cpus-not-idle']) : null;
  if (conflict !== null) return ['too-noisy', conflict];
  return fromInterval(primary, judging, margin);
}

function fromInterval(primary: Metric, judging: Judging, margin: number): readonly [VerdictName, string] {
  const { design, primary: name, better } = judging;
  const { low, high } = primary;
  const size = (value: number) =>
    primary.scale === 'ratio' ? percent(Math.abs(value)) : `${Math.abs(value).toFixed(1)} points`;
  const interval = intervalText(primary);
  const allowed = marginOf(primary, margin);
  const furthest = Math.max(Math.abs(low), Math.abs(high));
  if (low > 0 || high < 0) {
    const isLower = high < 0;
    const pays = isLower === ((better ?? ABOUT[name].better) === 'lower');
    const nearest = Math.min(Math.abs(low), Math.abs(high));
    // That an effect is there is one question, and that it is as large as the margin another.
    const unshown = nearest < allowed ? ` That it is as much as ${size(allowed)} is not shown.` : '';
    const lead = pays ? 'It pays' : 'It costs';
    return [pays ? 'gain' : 'loss', `${lead}: ${changed(primary, judging, size)} ${interval}.${unshown}`];
  }
  const of = name === 'worker-cpu' ? '' : ` in ${ABOUT[name].phrase(judging.per)}`;
  if (furthest <= allowed) return ['none', `No difference${of} larger than ${size(furthest)} ${interval}.`];
  const lead = `Not decided: ${of === '' ? '' : `the change${of} is `}between ${change(primary, low)} and ${change(primary, high)}. Blocks differ by ${size(primary.sd)} by themselves`;
  const blocks = blocksForMargin(primary.sd, primary.scale === 'ratio' ? Math.log1p(allowed) : allowed);
  const rest =
    blocks === null
      ? ''
      : `; ${blocks} blocks (${duration(lengthOf({ ...design, blocks }))}) would show a difference of ${size(allowed)}`;
  return ['too-noisy', `${lead}${rest}.`];
}

/** `the workers take 11.3 % less CPU for a connection`, `IPIs for a connection fell by 40.2 %`. */
function changed(
  { effect, high }: Metric,
  { primary, per }: Judging,
  size: (value: number) => string,
): string {
  const isLower = high < 0;
  if (primary === 'worker-cpu')
    return `the workers take ${size(effect)} ${isLower ? 'less' : 'more'} CPU for a ${per}`;
  return `${ABOUT[primary].phrase(per)} ${isLower ? 'fell' : 'rose'} by ${size(effect)}`;
}

/** In the metric's scale: a share, or points. */
const marginOf = ({ scale }: Metric, margin: number): number => (scale === 'ratio' ? margin : 100 * margin);

/** `−11.3 %`; of a metric in points `−47.1`. */
export const change = ({ scale }: Pick<Metric, 'scale'>, value: number): string =>
  scale === 'ratio' ? signed(value) : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;

const intervalText = (metric: Metric): string =>
  `(${levelText(metric)} interval ${change(metric, metric.low)} to ${change(metric, metric.high)})`;

/** `95 %`, `99.9 %`: rounded down, since more must not be promised. */
export function levelText({ level }: Pick<Metric, 'level'>): string {
  const tenths = Math.floor(1000 * level + 1e-9) / 10;
  return `${level < 0.99 ? Math.floor(tenths) : tenths} %`;
}

/** @param least connections, packets or datagrams in the quietest round */
export function tooLittle(least: number, per: Per, { round }: Pick<Design, 'round'>): string {
  const lead = `Too little traffic to tell: ${least} ${per}s in the quietest round, at least ${LEAST_CONNECTIONS} are needed.`;
  if (least === 0) return lead;
  // A tenth more, because the next quietest round may be quieter.
  return `${lead} \`--round ${Math.ceil((1.1 * round * LEAST_CONNECTIONS) / least)}\` would do.`;
}

/** If the CPUs are idle for a smaller share of the time, other tasks take what the workers leave. */
const LEAST_IDLE = 5;

const isBusy = ({ off, on }: Metric): boolean => Math.max(off, on) > 100 - LEAST_IDLE;

/** The time of a softirq is charged to whatever task it interrupts, so the workers alone can mislead. */
function contradiction(primary: Metric, whole: Metric | undefined): string | null {
  if (whole === undefined || whole.scale !== 'ratio' || isBusy(whole)) return null;
  const opposite = (primary.high < 0 && whole.low > 0) || (primary.low > 0 && whole.high < 0);
  if (!opposite) return null;
  return `Not decided: the CPU of the workers changed by ${signed(primary.effect)}, but that of the whole machine by ${signed(whole.effect)}.`;
}

function notesOn(metrics: Metrics, { protocol, changesWakeups, what }: Judging): readonly string[] {
  const notes: string[] = [];
  const differs = (metric: Metric | undefined): metric is Metric =>
    metric !== undefined && metric.n >= LEAST_BLOCKS && (metric.low > 0 || metric.high < 0);
  const {
    'worker-cpu': primary,
    rate,
    steal,
    drops,
    'busiest-worker': busiest,
    'cpus-not-idle': whole,
  } = metrics;
  if (whole !== undefined && isBusy(whole))
    notes.push(
      `the CPUs were idle for less than ${LEAST_IDLE} % of the time, so other tasks took what the workers left: what the whole machine needs shows nothing`,
    );
  if (differs(rate) && rate.scale === 'ratio' && Math.abs(rate.effect) >= LOAD_THAT_MATTERS)
    notes.push(
      `the load differed by ${signed(rate.effect)} between the arms: if the clients decide it, a server does more for less under more load; if they wait for the server, it is a result`,
    );
  if (differs(steal) && Math.abs(steal.effect) >= STEAL_THAT_MATTERS)
    notes.push(
      `the hypervisor took ${points(steal.on)} of the CPUs with ${what}, and ${points(steal.off)} without it`,
    );
  if (primary !== undefined && Math.abs(primary.lag1) > 2 / Math.sqrt(primary.n))
    notes.push(
      `neighbouring blocks are alike (autocorrelation ${primary.lag1.toFixed(2)}), so the interval of t is too narrow`,
    );
  if (differs(busiest) && busiest.low > 0 && busiest.effect >= SHARE_THAT_MATTERS)
    notes.push(
      `the busiest worker's share of the workers' CPU rose from ${points(busiest.off)} to ${points(busiest.on)}: an uneven load is the risk of a steering program`,
    );
  if (differs(drops) && drops.low > 0)
    notes.push(`${protocol === 'tcp' ? 'the listen queues' : 'the sockets'} dropped more with ${what}`);
  if (changesWakeups && primary !== undefined && metrics['remote-wakeups'] === undefined)
    notes.push(`whether ${what} took hold was not measured: wakeups could not be counted in every round`);
  return notes;
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** `−16.1 %`, with a sign that is as wide as a plus. */
export const signed = (effect: number): string =>
  `${effect < 0 ? '−' : '+'}${(100 * Math.abs(effect)).toFixed(1)} %`;

const points = (value: number): string => `${value.toFixed(1)} %`;
