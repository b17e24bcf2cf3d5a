/** What to tune: the same options for plan, apply and tune. */
import type { Command } from 'commander';
import { type Cpus, parseCpuList } from '../../host/cpus.ts';
import { KINDS, type Kind, type PlanOptions } from '../../tune/types.ts';
import { usage } from '../errors.ts';
import { collect, type Globals, port } from '../options.ts';

export interface TuningOptions extends Globals {
  readonly iface?: readonly string[];
  readonly port?: readonly number[];
  readonly udp?: true;
  readonly only?: readonly Kind[];
  readonly cpus?: Cpus;
  readonly irqCpus?: Cpus;
  readonly avoidCpus?: Cpus;
  readonly smt: PlanOptions['smt'];
  readonly program?: string;
}

export function addPlanOptions(command: Command): Command {
  return addPlanLimits(
    command
      .option('-I, --iface <name>', 'interface to tune (repeatable)', collect)
      .option('--port <port>', 'port of the server (repeatable)', ports)
      .option('--udp', 'UDP, not TCP'),
  ).option('--program <name>', 'use this program instead of the one that fits best');
}

/** Those that say which changes a plan may contain. */
export function addPlanLimits(command: Command): Command {
  return command
    .option('--only <kinds>', `plan only these settings: ${KINDS.join(',')}`, kinds)
    .option('--cpus <list>', 'CPUs to use, such as 0-3,8', cpus('--cpus'))
    .option(
      '--irq-cpus <list>',
      'put interrupts on these CPUs, and pin no worker to them',
      cpus('--irq-cpus'),
    )
    .option(
      '--avoid-cpus <list>',
      'leave these CPUs alone, such as the exclusive cores of pods',
      cpus('--avoid-cpus'),
    )
    .option('--smt <one|both>', 'use one thread of each core, or both', smt, 'one');
}

const ports = (text: string, previous: readonly number[] = []): readonly number[] => [
  ...new Set([...previous, port(text)]),
];

function kinds(text: string): readonly Kind[] {
  return text.split(',').map((word) => {
    const kind = KINDS.find((known) => known === word);
    if (kind === undefined) throw usage(`--only '${word}': must be one of ${KINDS.join(', ')}`);
    return kind;
  });
}

function cpus(option: string): (text: string) => Cpus {
  return (text) => {
    const list = parseCpuList(text);
    if (list === null || list.length === 0)
      throw usage(`${option} '${text}' is not a list of CPUs such as 0-3,8`);
    return list;
  };
}

function smt(text: string): PlanOptions['smt'] {
  if (text !== 'one' && text !== 'both') throw usage(`--smt '${text}': must be one or both`);
  return text;
}

/** Throws CliError usage: neither an interface nor a port. */
export function planOptionsOf(options: TuningOptions): PlanOptions {
  const { iface = [], port = [], udp, only = [], cpus = null, smt, program = null } = options;
  const { irqCpus = null, avoidCpus = [] } = options;
  if (iface.length === 0 && port.length === 0)
    throw usage('no interface and no port is given', 'use --iface IF, --port PORT, or both');
  return {
    ifaces: iface,
    ports: port,
    protocol: udp ? 'udp' : 'tcp',
    only,
    cpus,
    irqCpus,
    avoidCpus,
    smt,
    program,
  };
}
