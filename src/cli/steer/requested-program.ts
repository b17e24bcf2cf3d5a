/** `attach --program`: the requested program, before the group is read. */
import { isProgramName, needs, type ParameterName, type ProgramName } from '../../cbpf/programs.ts';
import type { AttachOptions } from '../../steer/attach.ts';
import type { Wanted } from '../../steer/choose.ts';
import { readAttachMachine } from '../../steer/machine.ts';
import type { System } from '../../system/types.ts';
import { usage } from '../errors.ts';
import { loadProgram, refuseForeignOptions } from '../programs/program-named.ts';
import type { ProgramOptions } from '../programs/program-options.ts';
import type { SteerOptions } from './steer-options.ts';

export interface AttachCommandOptions extends SteerOptions, ProgramOptions {
  /** A name, or a file. */
  readonly program: string;
  readonly groupSize?: number;
  /** Seconds before and after the change; `true` if none are given. */
  readonly measure?: number | true;
  readonly yes?: true;
  /** Seconds; `true` if none are given. */
  readonly wait?: number | true;
  /** With `wait`: what the server opens. */
  readonly sockets?: number;
  readonly persist?: true;
  /** With `persist`: the service. */
  readonly unit?: string;
}

/** What determines a program instead of the size. */
const INSTEAD_OF_SIZE: ReadonlyMap<ParameterName, string> = new Map([
  ['slotOfCpu', 'the slots themselves'],
  ['nodes', 'the slots themselves'],
  ['weights', 'the weights'],
]);

export type Asked = Pick<AttachOptions, 'program' | 'machine'>;

/** Throws what loadProgram throws. Nothing slow is done here. */
export async function askedProgram(options: AttachCommandOptions, system: System): Promise<Asked> {
  const { program: word, groupSize } = options;
  const madeFrom = isProgramName(word) ? insteadOfSize(word) : 'the file';
  if (groupSize !== undefined && madeFrom !== undefined)
    throw usage(`--group-size: \`${word}\` is made from ${madeFrom}`, 'omit it');
  return { program: await wantedOf(options), machine: readAttachMachine(system) };
}

const insteadOfSize = (name: ProgramName) =>
  [...INSTEAD_OF_SIZE].find(([parameter]) => needs(name, parameter))?.[1];

async function wantedOf(options: AttachCommandOptions): Promise<Wanted> {
  const { program: name, weights, drain: drained, by } = options;
  if (!isProgramName(name)) {
    const { label, program } = await loadProgram(name, options);
    return { name: null, file: label, instructions: program };
  }
  refuseForeignOptions(name, options);
  if (needs(name, 'weights') && weights === undefined)
    throw usage(`--program ${name}: needs weights`, 'for example --weights 3,1,1');
  if (needs(name, 'drained') && drained === undefined)
    throw usage(`--program ${name}: needs slots to drain`, 'for example --drain 2,5');
  return { name, weights, drained, by };
}
