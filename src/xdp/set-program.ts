/** Makes an interface's program what a text says: a spread, a random source port, or none. */
import { randomInt } from 'node:crypto';
import { failure } from '../system/errors.ts';
import type { XdpMode } from '../system/xdp-link.ts';
import { word } from '../words/shell.ts';
import { readEgress } from './egress.ts';
import type { Loading } from './order.ts';
import { imageOf, nameOf, type Own } from './ours.ts';
import { setXdpOf } from './set-xdp.ts';
import { fillSport, parseSport } from './sport.ts';
import { parseSpread } from './spread.ts';
import { type Filling, fill } from './spread-maps.ts';
import { type AttachedProgram, describe, NOTHING, type XdpState } from './state.ts';

/**
 * `text`: what `textOf` returns. A program of ours is replaced by one message, which loses no packet and resets no
 * device. Throws Failure: everything of setXdpOf; foreign-program, mode-differs. @param possible number of possible CPUs
 */
export async function setTo(state: XdpState, text: string, possible: number): Promise<void> {
  const { ifindex, name } = state;
  const [now = null] = state.programs;
  if (now !== null && now.own === null) throw foreign(name, now);
  const replaces = now?.programId ?? null;
  if (text === NOTHING) {
    if (now !== null) await setXdpOf({ ifindex, mode: modeOf(now, name), replaces, program: null });
    return;
  }
  const wanted = await loadingOf(state, text, possible);
  if (wanted === null)
    throw failure('foreign-program', `${text}: cannot be attached again`, 'start what attached it');
  if (now !== null && now.mode !== wanted.mode)
    throw failure(
      'mode-differs',
      `${name} has a program in ${now.mode} mode, and the kernel allows only one mode at a time`,
      `detach it first: locality-tune xdp detach --iface ${word(name)}`,
    );
  const { mode, program } = wanted;
  await setXdpOf({ ifindex, mode, replaces, program });
}

/** null: the text is of neither. */
async function loadingOf(
  state: XdpState,
  text: string,
  possible: number,
): Promise<{ mode: XdpMode; program: Loading } | null> {
  const of = (own: Own, filling: Filling): Loading => ({
    image: imageOf(own),
    name: nameOf(own),
    ...filling,
  });
  const spread = parseSpread(text);
  if (spread !== null) {
    const own: Own = { command: 'spread', way: spread.by.way };
    return { mode: spread.mode, program: of(own, fill(spread, randomInt(2 ** 32), possible)) };
  }
  const sport = parseSport(text);
  if (sport === null) return null;
  const { mode } = sport;
  if (!sport.restore) return { mode, program: of({ command: 'sport' }, fillSport(sport)) };
  return {
    mode,
    program: await withFilter(state, of({ command: 'sport', way: 'restore' }, fillSport(sport))),
  };
}

/** It shares the map of given ports with the filter on the way out. Throws Failure no-egress-filter. */
async function withFilter({ ifindex, name }: XdpState, program: Loading): Promise<Loading> {
  const { ours } = await readEgress(ifindex);
  if (ours === null)
    throw failure(
      'no-egress-filter',
      `the filter that restores source ports is not on the way out of ${name}`,
      `run locality-tune xdp detach --iface ${word(name)}, then the command again that attached both`,
    );
  return { ...program, inherits: { programId: ours.programId, maps: ['given'] } };
}

/** Throws Failure foreign-program. */
function modeOf(program: AttachedProgram, name: string) {
  if (program.mode === 'offload') throw foreign(name, program);
  return program.mode;
}

export const foreign = (name: string, program: AttachedProgram) =>
  failure(
    'foreign-program',
    `${name} has an XDP program that is not ours: ${describe(program)}`,
    program.info?.name === 'xdp_dispatcher'
      ? 'it is the dispatcher of libxdp: see `xdp-loader status`'
      : 'what attached it must detach it; `locality-tune xdp status` shows it',
  );
