/** `locality-tune xdp spread`: what was asked, and its plan. */
import type { Cpus } from '../../host/cpus.ts';
import { spreadWords } from '../../report/xdp.ts';
import { openMachine, requireRoot } from '../../use-cases/machine.ts';
import { planSpread } from '../../use-cases/xdp.ts';
import { formatBy, formatPorts, parseBy, parsePorts } from '../../xdp/spread.ts';
import { requireAnswer } from '../confirm.ts';
import { during, usage } from '../errors.ts';
import { progress } from '../output.ts';
import { type AttachXdpOptions, carryOut } from './carry-out.ts';
import { checkKeep } from './keep.ts';
import { NEEDS_ROOT } from './needs-root.ts';

export interface XdpSpreadOptions extends AttachXdpOptions {
  readonly port?: string;
  readonly by: string;
  readonly tcp?: true;
  readonly cpus?: Cpus;
  readonly queue: number;
  readonly mode: 'native' | 'generic';
  readonly withProgram?: true;
  readonly force?: true;
}

export async function runXdpSpread(options: XdpSpreadOptions): Promise<void> {
  const asked = askedOf(options);
  requireRoot('xdp spread', NEEDS_ROOT);
  checkKeep(options);
  const machine = openMachine();
  const { spread, ...planned } = await during('xdp spread', 'root', () =>
    planSpread(machine, asked, progress),
  );
  if (!options.dryRun) requireAnswer('xdp spread', options.yes === true);
  const { by, cpus, queue, mode } = spread;
  const document = { mode, by: formatBy(by), ports: formatPorts(spread), cpus, queueSize: queue };
  const does = `spreads ${spreadWords(spread)}`;
  await carryOut(machine, 'locality-tune.xdp-spread/1', { ...planned, does, document }, options);
}

/** Throws CliError usage. */
function askedOf(options: XdpSpreadOptions) {
  const by = parseBy(options.by);
  if (by === null)
    throw usage(
      `--by '${options.by}': must be flow, inner, quic[:LENGTH], payload:OFFSET:MASK, round or random`,
      'LENGTH is 1 to 20 bytes, OFFSET 0 to 4095 bytes, MASK 32 bits other than 0, such as 0x000fffff',
    );
  const ports = options.port === undefined ? null : parsePorts(options.port, by.way);
  if (options.port !== undefined && ports === null)
    throw usage(
      `--port '${options.port}': must be ports from 1 to 65535, separated by commas`,
      'with --by inner also gre, ipip, esp, and PORT:vxlan, PORT:gtp, PORT:esp, PORT:wireguard',
    );
  return {
    iface: options.iface,
    by,
    ports,
    tcp: options.tcp === true,
    cpus: options.cpus ?? null,
    queue: options.queue,
    mode: options.mode,
    withProgram: options.withProgram === true,
    force: options.force === true,
  };
}
