/** The command of a change after its interface was renamed. Pure. */
import { word } from '../words/shell.ts';

/** What the interface's name follows: `ethtool -L NIC`, `locality-tune xdp spread --iface NIC`. */
const BEFORE_NAME = /^(?:-[A-Z]|--iface)$/;

/** @param command of a plan, with each name as a `word`, or in a path of sysfs that is one */
export function renamedCommand(command: string, from: string, to: string): string {
  const folder = (name: string) => `/sys/class/net/${name}/`;
  const pieces = command.match(/(?:'[^']*'|\\.|[^\s'\\])+|\s+|./gs) ?? [];
  return pieces
    .map((piece, at) => {
      const said = piece.replace(/'([^']*)'|\\(.)/gs, '$1$2');
      if (said === from && BEFORE_NAME.test(pieces[at - 2] ?? '')) return word(to);
      const rest = said.startsWith(folder(from)) ? said.slice(folder(from).length) : null;
      return rest === null ? piece : word(`${folder(to)}${rest}`);
    })
    .join('');
}
