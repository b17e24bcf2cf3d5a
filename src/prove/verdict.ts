/** What an experiment has shown, in one word and one sentence. The first verdict that holds is given. */

import { percent } from '../words/phrase.ts';
import { compare, wholeBlocks } from './compare.ts';
import { lengthOf } from './schedule.ts';
import { blocksForMargin } from './statistics.ts';
import type { Design, Metric, Metrics, Round, Verdict, VerdictName } from './types.ts';

/** With fewer accepts in a round the CPU time of one is mostly noise. */
export const LEAST_CONNECTIONS = 200;
/** With fewer blocks no exact interval reaches 95 %. */
export const LEAST_BLOCKS = 6;
/** Load that is 1 % higher makes a connection about 0.3 % cheaper, by larger batches. */
const LOAD_THAT_MATTERS = 0.01;

export interface Judging {
  readonly design: Design;
  /** What counts as a difference, as a share: 0.02. */
  readonly margin: number;
  readonly protocol: 'tcp' | 'udp';
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
  const metrics = compare(blocks.flat(), judging.protocol === 'tcp' ? 'conn' : 'datagram');
  const [verdict, text] = decide(blocks, metrics, judging);
  const notes = notesOn(metrics, judging);
  if (judging.stopped === null) return { verdict, text, notes, metrics };
  const lead = `Stopped early, so nothing is proved: ${judging.stopped}.`;
  return { verdict: 'stopped', text: `${lead} ${text}`, notes, metrics };
}

function decide(
  blocks: readonly (readonly Round[])[],
  metrics: Metrics,
  judging: Judging,
): readonly [VerdictName, string] {
  const { design, margin } = judging;
  const one = judging.protocol === 'tcp' ? 'connection' : 'datagram';
  const wakeups = metrics['remote-wakeups'];
  if (judging.changesWakeups && wakeups !== undefined && wakeups.low <= 0 && wakeups.high >= 0)
    return [
      'not-in-force',
      `${capital(judging.what)} changed nothing: ${points(wakeups.off)} of the wakeups came from another CPU without it, and ${points(wakeups.on)} with it.`,
    ];
  const least = Math.min(...blocks.flat().map(({ connections }) => connections));
  if (least < LEAST_CONNECTIONS) return ['too-little-traffic', tooLittle(least, judging.protocol, design)];
  const primary = metrics['worker-cpu'];
  if (blocks.length < LEAST_BLOCKS || primary === undefined || primary.scale !== 'ratio')
    return [
      'too-few',
      blocks.length < LEAST_BLOCKS
        ? `Too few blocks to tell: ${blocks.length} of at least ${LEAST_BLOCKS}.`
        : 'Too little is known to tell: the CPU time of the workers could not be read in every round.',
    ];
  const conflict = contradiction(primary, metrics['cpus-not-idle']);
  if (conflict !== null) return ['too-noisy', conflict];
  const { effect, low, high } = primary;
  const interval = `(95 % interval ${signed(low)} to ${signed(high)})`;
  const furthest = Math.max(Math.abs(low), Math.abs(high));
  if (high < 0)
    return [
      'gain',
      `It pays: the workers take ${percent(-effect)} less CPU for a ${one} ${interval}.${unshown(-high, margin)}`,
    ];
  if (low > 0)
    return [
      'loss',
      `It costs: the workers take ${percent(effect)} more CPU for a ${one} ${interval}.${unshown(low, margin)}`,
    ];
  if (furthest <= margin) return ['none', `No difference larger than ${percent(furthest)} ${interval}.`];
  return ['too-noisy', tooNoisy(primary, margin, design)];
}

/** @param least connections or datagrams in the quietest round */
export function tooLittle(least: number, protocol: 'tcp' | 'udp', { round }: Pick<Design, 'round'>): string {
  const many = protocol === 'tcp' ? 'connections' : 'datagrams';
  const lead = `Too little traffic to tell: ${least} ${many} in the quietest round, at least ${LEAST_CONNECTIONS} are needed.`;
  if (least === 0) return lead;
  // A tenth more, because the next quietest round may be quieter.
  return `${lead} \`--round ${Math.ceil((1.1 * round * LEAST_CONNECTIONS) / least)}\` would do.`;
}

function tooNoisy({ low, high, sd }: Metric, margin: number, design: Design): string {
  const lead = `Not decided: between ${signed(low)} and ${signed(high)}. Blocks differ by ${percent(sd)} by themselves`;
  const blocks = blocksForMargin(sd, Math.log1p(margin));
  if (blocks === null) return `${lead}.`;
  return `${lead}; ${blocks} blocks (${duration(lengthOf({ ...design, blocks }))}) would show a difference of ${percent(margin)}.`;
}

/** That an effect is there is one question, and that it is as large as the margin another. */
const unshown = (least: number, margin: number): string =>
  least < margin ? ` That it is as much as ${percent(margin)} is not shown.` : '';

/** The time of a softirq is charged to whatever task it interrupts, so the workers alone can mislead. */
function contradiction(primary: Metric, whole: Metric | undefined): string | null {
  if (whole === undefined || whole.scale !== 'ratio') return null;
  const opposite = (primary.high < 0 && whole.low > 0) || (primary.low > 0 && whole.high < 0);
  if (!opposite) return null;
  return `Not decided: the CPU of the workers changed by ${signed(primary.effect)}, but that of the whole machine by ${signed(whole.effect)}.`;
}

function notesOn(metrics: Metrics, { protocol, changesWakeups, what }: Judging): readonly string[] {
  const notes: string[] = [];
  const differs = (metric: Metric | undefined): metric is Metric =>
    metric !== undefined && metric.n >= LEAST_BLOCKS && (metric.low > 0 || metric.high < 0);
  const { 'worker-cpu': primary, rate, steal, drops, 'busiest-worker': busiest } = metrics;
  if (differs(rate) && rate.scale === 'ratio' && Math.abs(rate.effect) >= LOAD_THAT_MATTERS)
    notes.push(
      `the load differed by ${signed(rate.effect)} between the arms: if the clients decide it, a server does more for less under more load; if they wait for the server, it is a result`,
    );
  if (differs(steal))
    notes.push(
      `the hypervisor took ${points(steal.on)} of the CPUs with ${what}, and ${points(steal.off)} without it`,
    );
  if (primary !== undefined && Math.abs(primary.lag1) > 2 / Math.sqrt(primary.n))
    notes.push(
      `neighbouring blocks are alike (autocorrelation ${primary.lag1.toFixed(2)}), so the interval of t is too narrow`,
    );
  if (differs(busiest) && busiest.low > 0)
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

/** `45 s`, `16 min`, `3.1 h`. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
