/** `locality-tune xdp sport`: what was asked, and its plan. */
import { sportWords } from '../../report/xdp.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { planSport } from '../../use-cases/xdp.ts';
import { parsePortList, parseRange } from '../../xdp/sport.ts';
import { requireAnswer } from '../confirm.ts';
import { during, usage } from '../errors.ts';
import { type AttachXdpOptions, carryOut } from './carry-out.ts';
import { checkKeep } from './keep.ts';
import { NEEDS_ROOT } from './needs-root.ts';

export interface XdpSportOptions extends AttachXdpOptions {
  readonly port: string;
  readonly range: string;
  readonly mode: 'native' | 'generic';
  readonly oneWay?: true;
  readonly restore?: true;
}

export async function runXdpSport(options: XdpSportOptions): Promise<void> {
  const ports = parsePortList(options.port);
  if (ports === null)
    throw usage(`--port '${options.port}': must be ports from 1 to 65535, separated by commas`);
  const range = parseRange(options.range);
  if (range === null) throw usage(`--range '${options.range}': must be FIRST-LAST, such as 1024-65535`);
  const restore = options.restore === true;
  if (restore === (options.oneWay === true))
    throw usage(
      restore
        ? 'xdp sport: --one-way and --restore exclude each other'
        : 'xdp sport: answers would go to the random port, where nobody listens',
      '--restore puts the port back into answers; --one-way confirms that the protocol has none',
    );
  requireRoot('xdp sport', NEEDS_ROOT);
  checkKeep(options);
  const machine = openMachine();
  const sport = { ports, ...range, mode: options.mode, restore };
  const planned = await during('xdp sport', 'root', () => planSport(machine, options.iface, sport));
  if (!options.dryRun) requireAnswer('xdp sport', options.yes === true);
  const document = { mode: sport.mode, by: null, ports: ports.join(','), cpus: null, queueSize: null };
  await carryOut(
    machine,
    'locality-tune.xdp-sport/1',
    { ...planned, does: sportWords(sport), document },
    options,
  );
}
