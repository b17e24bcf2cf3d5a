/** Attaches a balancer, or replaces ours by another one. */
import { randomInt } from 'node:crypto';
import { failure } from '../system/errors.ts';
import { word } from '../words/shell.ts';
import { imageOf, nameOf, type Own } from '../xdp/ours.ts';
import { foreign } from '../xdp/set-program.ts';
import { setXdpOf } from '../xdp/set-xdp.ts';
import type { XdpState } from '../xdp/state.ts';
import { fill, place } from './fill.ts';
import type { InForce } from './in-force.ts';
import type { Link } from './maps.ts';
import { readAttached } from './state.ts';

/** What the program that is replaced knows: the new one goes on with it. */
const SHARED = ['traffic', 'counters', 'flows'];

/**
 * The new program has tables of its own and is exchanged with the old one by one netlink message: each packet sees either
 * the old tables or the new ones, no packet is lost, and after a kill at any moment one of both is whole. It
 * shares counters and flow cache with the old one. Throws Failure: foreign-program, mode-differs, other-command, those
 * of setXdpOf. @param possible number of possible CPUs
 */
export async function setBalance(
  { ifindex, name, programs }: XdpState,
  inForce: InForce,
  link: Link,
  possible: number,
): Promise<void> {
  const now = programs[0] ?? null;
  if (now?.own === null) throw foreign(name, now);
  if (now !== null && now.own?.command !== 'balance')
    throw failure(
      'other-command',
      `${name} has a program of \`xdp ${now.own?.command}\`, and an interface has only one program`,
      `detach it first: locality-tune xdp detach --iface ${word(name)}`,
    );
  if (now !== null && now.mode !== inForce.mode)
    throw failure(
      'mode-differs',
      `${name} has a balancer in ${now.mode} mode, and the kernel allows only one mode at a time`,
      `detach it first, which breaks no connection if another balancer takes over: locality-tune balance detach --iface ${word(name)}`,
    );
  const placedNow = now === null ? [] : (readAttached(now, possible)?.placed ?? []);
  const placed = place(inForce, placedNow, () => randomInt(2 ** 32));
  const old = new Set(placedNow.map(({ index }) => index));
  const fresh = placed.map(({ index }) => index).filter((index) => !old.has(index));
  const own: Own = { command: 'balance', way: inForce.flowCache === null ? 'rows' : 'cache' };
  await setXdpOf({
    ifindex,
    mode: inForce.mode,
    replaces: now?.programId ?? null,
    program: {
      image: imageOf(own),
      name: nameOf(own),
      ...fill(inForce, link, placed, fresh, possible),
      ...(now === null ? {} : { inherits: { programId: now.programId, maps: SHARED } }),
    },
  });
}
