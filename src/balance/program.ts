/** The XDP program of an interface as one line of text, whichever of our commands attached it. */
import { failure } from '../system/errors.ts';
import { word } from '../words/shell.ts';
import { setTo } from '../xdp/set-program.ts';
import { NOTHING, textOf, type XdpState } from '../xdp/state.ts';
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
