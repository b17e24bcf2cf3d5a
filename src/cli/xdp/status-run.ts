/** `locality-tune xdp status`: what is attached to the interfaces, and what it has counted. */
import { nothingAttached, statusLines } from '../../report/xdp.ts';
import { openMachine } from '../../use-cases/machine.ts';
import { readStatus } from '../../xdp/status.ts';
import { during, EXIT } from '../errors.ts';
import { checkInterfaces } from '../host-source.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, styleOf } from '../output.ts';
import { toDocument } from './status-document.ts';

export interface XdpStatusOptions extends Globals {
  readonly iface?: readonly string[];
}

export async function runXdpStatus(options: XdpStatusOptions): Promise<void> {
  const machine = openMachine();
  const ifaces = options.iface ?? [];
  checkInterfaces(machine.files, ifaces);
  const found = await during('xdp status', 'CAP_BPF and CAP_NET_ADMIN', () => readStatus(machine, ifaces));
  if (options.json || options.pretty)
    printDocument({ schema: 'locality-tune.xdp-status/1', interfaces: found.map(toDocument) }, options);
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(found.length === 0 ? [nothingAttached] : statusLines(found, style), style);
  }
  if (found.every(({ program }) => program.own === null)) process.exitCode = EXIT.unknown;
  else if (found.some(({ warnings }) => warnings.length > 0)) process.exitCode = EXIT.failed;
}
