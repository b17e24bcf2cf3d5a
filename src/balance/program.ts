/** The XDP program of an interface as one line of text, whichever of our commands attached it. */
import { failure } from '../system/errors.ts';
import { word } from '../words/shell.ts';
import { losses } from '../xdp/hazards.ts';
import { setTo } from '../xdp/set-program.ts';
import type { Situation } from '../xdp/situation.ts';
import { parseSpread } from '../xdp/spread.ts';
import { NOTHING, textOf, type XdpState } from '../xdp/state.ts';
import { refusals } from './hazards.ts';
import { formatInForce, parseInForce } from './in-force.ts';
import { linkOf } from './link.ts';
import { setBalance } from './set-balance.ts';
import { readAttached } from './state.ts';

/** `none`, a spread, a balancer, or the name of another program. Throws SystemError. */
export function programText(state: XdpState, possible: number): string {
  const [program] = state.programs;
  const attached = program === undefined ? null : readAttached(program, possible);
  return attached === null ? textOf(state, possible) : formatInForce(attached.inForce);
}

/**
 * A program may have been right when it was first attached, and lose every packet by now: to attach it again, for an undo or a
 * watcher, is worse than to leave it. One of the same command that is attached loses them already. Throws Failure: the codes
 * of `losses` and of a balancer's `refusals`.
 */
export function refuseLosses(text: string, situation: Situation): void {
  const balancer = parseInForce(text);
  const spread = parseSpread(text);
  const command = balancer !== null ? 'balance' : 'spread';
  if (situation.state.programs[0]?.own?.command === command) return;
  const [loss] =
    balancer !== null
      ? refusals(balancer.mode, situation, true)
      : spread !== null
        ? losses(spread, situation)
        : [];
  if (loss !== undefined) throw failure(loss.code, loss.message, loss.hint);
}

/** Throws Failure: those of setTo and setBalance. @param possible number of possible CPUs */
export async function setProgram(state: XdpState, text: string, possible: number): Promise<void> {
  const balancer = parseInForce(text);
  if (balancer !== null) return setBalance(state, balancer, await linkOf(state, balancer.vips), possible);
  if (text !== NOTHING && state.programs[0]?.own?.command === 'balance')
    throw failure(
      'other-command',
      `${state.name} has a balancer, and an interface has only one program`,
      `detach it first: locality-tune balance detach --iface ${word(state.name)}`,
    );
  return setTo(state, text, possible);
}
