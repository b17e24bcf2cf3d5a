/** Makes an interface's program what a text says: a spread, or none. */
import { randomInt } from 'node:crypto';
import { failure } from '../system/errors.ts';
import { nameOf, spreadImage } from './ours.ts';
import { setXdpOf } from './set-xdp.ts';
import { parseSpread } from './spread.ts';
import { fill } from './spread-maps.ts';
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
  const spread = parseSpread(text);
  if (spread === null)
    throw failure('foreign-program', `${text}: cannot be attached again`, 'start what attached it');
  if (now !== null && now.mode !== spread.mode)
    throw failure(
      'mode-differs',
      `${name} has a program in ${now.mode} mode, and the kernel allows only one mode at a time`,
      `detach it first: locality-tune xdp detach --iface ${name}`,
    );
  const { way } = spread.by;
  const program = {
    image: spreadImage(way),
    name: nameOf({ command: 'spread', way }),
    ...fill(spread, randomInt(2 ** 32), possible),
  };
  await setXdpOf({ ifindex, mode: spread.mode, replaces, program });
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
