/** `locality-tune measure accept`: by the probe if it runs, otherwise by a sample of the connections. */
import { machine } from 'node:os';
import {
  type Accepts,
  acceptQuestion,
  formatEvent,
  parseEvent,
  toAccepts,
  toPairs,
} from '../../measure/accept.ts';
import { sampleAccepts } from '../../measure/accept-sample.ts';
import { incompleteness } from '../../measure/completeness.ts';
import { pause } from '../../measure/pause.ts';
import { commOf, isInOurNetns, withOwner } from '../../measure/process.ts';
import { startSession } from '../../measure/session.ts';
import type { Session } from '../../measure/types.ts';
import { acceptLines } from '../../report/accept.ts';
import { type Failure, failure, isFailure } from '../../system/errors.ts';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import type { AcceptInterval } from '../documents/measure.ts';
import { createNotePrinter, print, printDocument, printLines, styleOf, toMilliseconds } from '../output.ts';
import { untilInterrupted } from '../signals.ts';
import { checkSubject, filterOf, type MeasureOptions, only, showingStart } from './measure-options.ts';

const SCHEMA = 'locality-tune.accept/1';

export interface MeasureAcceptCommandOptions extends MeasureOptions {
  readonly events?: true;
}

export async function runMeasureAccept(options: MeasureAcceptCommandOptions): Promise<void> {
  checkSubject(options.pid, options.port, 'tcp');
  const signal = untilInterrupted();
  const session = await showingStart(() => startOrWhy(options, signal));
  if (!('intervals' in session)) return sample(session, options, signal);
  const show = printer(options);
  const nameOf = commOf(openFiles('/'));
  const wanted = isWanted(options);
  for await (const interval of session.intervals) {
    const { notes, ...accepts } = toAccepts(toPairs(interval.counts).filter(wanted), nameOf);
    const { time, seconds, lost } = interval;
    const all = [...session.variant.notes, ...incompleteness(interval), ...notes];
    show({ time, seconds, source: 'probe', coverage: session.variant.name, ...accepts, lost, notes: all });
  }
}

/** Without a probe a sample of the connections still shows something, but not single accepts. */
async function startOrWhy(
  options: MeasureAcceptCommandOptions,
  signal: AbortSignal,
): Promise<Session | Failure> {
  const events = options.events === true;
  const question = acceptQuestion(filterOf(options), options.interval, events);
  try {
    return await startSession(only(question, options), {
      count: options.count ?? null,
      signal,
      ...(events ? { onLine: eventPrinter(options) } : {}),
    });
  } catch (error) {
    if (!isFailure(error) || events) throw error;
    return error;
  }
}

async function sample(why: Failure, options: MeasureOptions, signal: AbortSignal): Promise<void> {
  const { port, interval, count = Number.POSITIVE_INFINITY } = options;
  if (port === undefined)
    throw failure(why.code, why.message, `${why.hint}; or use --port to sample its connections`);
  const show = printer(options);
  for (let given = 0; given < count && !signal.aborted; given++) {
    if (given > 0) await pause(interval, signal);
    const began = performance.now();
    const system = { files: openFiles('/'), kernel: openKernel() };
    const { notes, ...accepts } = await sampleAccepts(system, machine(), { ...filterOf(options), port });
    const seconds = (performance.now() - began) / 1000;
    const all = [`sampled, not measured: ${why.message} (${why.hint})`, ...notes];
    show({ time: new Date(), seconds, source: 'sample', coverage: null, ...accepts, lost: 0, notes: all });
  }
}

/** With --netns only events in that namespace. */
function isWanted({ netns }: MeasureOptions): (event: { readonly pid: number }) => boolean {
  const isHere = isInOurNetns(openFiles('/'));
  return ({ pid }) => netns === undefined || isHere(pid);
}

type Counted = Omit<AcceptInterval, 'listeners'> & Accepts;

/** With --events only the lines are printed, and a note about lost ones. */
function printer(options: MeasureAcceptCommandOptions): (counted: Counted) => void {
  const style = styleOf(options.color, process.stdout, process.env);
  const printNotes = createNotePrinter();
  const json = options.json || options.pretty;
  const owned = withOwner(openFiles('/'));
  return (counted) => {
    const document = { ...counted, listeners: counted.listeners.map(owned) };
    if (!json || options.events) printNotes(document.notes);
    if (options.events) return;
    if (json)
      printDocument({ schema: SCHEMA, ...document, seconds: toMilliseconds(document.seconds) }, options);
    else printLines(acceptLines(document, style), style);
  };
}

function eventPrinter(options: MeasureAcceptCommandOptions): (line: string) => void {
  const wanted = isWanted(options);
  return (line) => {
    const event = parseEvent(line);
    if (event === null || !wanted(event)) return;
    if (options.json || options.pretty) printDocument({ schema: SCHEMA, time: new Date(), event }, options);
    else print(`${formatEvent(event)}\n`);
  };
}
