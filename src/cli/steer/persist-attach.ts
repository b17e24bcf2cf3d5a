/** `attach --persist` and `detach --persist`: the drop-in of the server's service. */
import { isProgramName } from '../../cbpf/programs.ts';
import { formatCpuList } from '../../host/cpus.ts';
import { paragraph, span } from '../../report/text.ts';
import type { DropIn, Served } from '../../tune/drop-in.ts';
import { planDropIn } from '../../use-cases/keep-attached.ts';
import { type LiveMachine, requireRoot } from '../../use-cases/machine.ts';
import { usage } from '../errors.ts';
import { printLines, styleOf } from '../output.ts';
import { OWN_COMMAND } from '../own-command.ts';
import type { AttachCommandOptions } from './requested-program.ts';
import type { SteerOptions } from './steer-options.ts';

/** Why both need root. */
export const CHANGES_UNITS = 'only root can change drop-ins in /etc/systemd/system';

/** Seconds for a server to open its sockets, within the 90 that systemd gives a service to start. */
export const WAIT_SECONDS = 60;

/** Throws usage, and what planDropIn throws. null: --persist was not given. */
export async function dropInAsked(
  options: AttachCommandOptions,
  machine: LiveMachine,
): Promise<DropIn | null> {
  if (!options.persist) {
    if (options.unit !== undefined) throw usage('--unit: needs --persist', 'omit it');
    return null;
  }
  if (options.netns !== undefined)
    throw usage("--persist: the service would attach in the machine's own network namespace", 'omit --netns');
  if (!isProgramName(options.program))
    throw usage('--persist: a program from a file may have changed by then', 'use a program of the library');
  if (!options.dryRun) requireRoot('attach --persist', CHANGES_UNITS);
  const served = servedBy(options, '--persist');
  return planDropIn(machine, {
    served,
    unit: options.unit ?? null,
    command: OWN_COMMAND,
    args: argsOf(options, served),
  });
}

/** The one port that the options name. Throws usage. */
export function servedBy({ port, udp }: SteerOptions, option: string): Served {
  if (port === undefined)
    throw usage(
      `${option}: needs --port, because the server has other processes after a restart`,
      'use --port',
    );
  return { protocol: udp ? 'udp' : 'tcp', port };
}

/** The words that attach the same program to whatever group the port has by then. */
function argsOf(options: AttachCommandOptions, { port, protocol }: Served): readonly string[] {
  const { program, weights, drain, by, wait, sockets, allGroups, force } = options;
  const given: readonly (readonly [string, string | number | undefined | null])[] = [
    ['--program', program === 'cpu' ? null : program],
    ['--weights', weights?.join()],
    ['--drain', drain && formatCpuList(drain)],
    ['--by', by],
    ['--sockets', sockets],
    ['--wait', typeof wait === 'number' ? wait : WAIT_SECONDS],
  ];
  return [
    'attach',
    '--port',
    String(port),
    ...(protocol === 'udp' ? ['--udp'] : []),
    ...(allGroups ? ['--all-groups'] : []),
    ...given.flatMap(([name, value]) => (value === undefined || value === null ? [] : [name, String(value)])),
    ...(force ? ['--force'] : []),
    '--yes',
  ];
}

/** Path and content, before they are written. */
export function printDropIn({ path, text }: DropIn, { color }: AttachCommandOptions): void {
  const style = styleOf(color, process.stdout, process.env);
  printLines(
    [
      [],
      ...paragraph('', `${path}:`, style),
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => [span(`  ${line}`)]),
    ],
    style,
  );
}
