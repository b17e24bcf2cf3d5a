/** `attach --program`: what is asked for, before the group is looked at. */
import { readInterrupts } from '../../host/interrupts.ts';
import { readMachine } from '../../host/topology.ts';
import type { AttachOptions } from '../../steer/attach.ts';
import type { Wanted } from '../../steer/choose.ts';
import type { Files, Kernel } from '../../system/types.ts';
import { usage } from '../errors.ts';
import { isProgramName, loadProgram, refuseForeignOptions } from '../programs/program-named.ts';
import type { ProgramOptions } from '../programs/program-options.ts';
import type { SteerOptions } from './steer-options.ts';

export interface AttachCommandOptions extends SteerOptions, ProgramOptions {
  /** A name, or a file. */
  readonly program: string;
  readonly groupSize?: number;
  /** Seconds before, and after; `true` where none are given. */
  readonly measure?: number | true;
}

/** Where the size says nothing, because something else does. */
const MADE_FROM: ReadonlyMap<string, string> = new Map([
  ['map', 'the slots themselves'],
  ['numa', 'the slots themselves'],
  ['weighted', 'the weights'],
]);

export type Asked = Pick<AttachOptions, 'program' | 'online' | 'optmemMax'>;

/** Throws what loadProgram throws. Nothing slow is done here. */
export async function askedProgram(
  options: AttachCommandOptions,
  system: { readonly files: Files; readonly kernel: Kernel },
): Promise<Asked> {
  const { program: word, groupSize } = options;
  const madeFrom = isProgramName(word) ? MADE_FROM.get(word) : 'the file';
  if (groupSize !== undefined && madeFrom !== undefined)
    throw usage(`--group-size: \`${word}\` is made from ${madeFrom}`, 'leave it out');
  const { cpus } = readMachine(system, readInterrupts(system.files));
  const optmemMax = /^\d+$/.exec(system.files.text('/proc/sys/net/core/optmem_max')?.trim() ?? '')?.[0];
  return {
    program: await wantedOf(options, cpus.numa),
    online: cpus.online,
    optmemMax: optmemMax === undefined ? null : Number(optmemMax),
  };
}

async function wantedOf(
  options: AttachCommandOptions,
  numa: readonly { readonly cpus: readonly number[] }[],
): Promise<Wanted> {
  const { program: word, weights, drain, by = null } = options;
  if (!isProgramName(word)) {
    const { label, program } = await loadProgram(word, options);
    return { name: null, file: label, instructions: program };
  }
  refuseForeignOptions(word, options);
  switch (word) {
    case 'numa':
      return { name: word, nodes: numa.map(({ cpus }) => cpus), by: by === 'cpu' ? null : by };
    case 'weighted':
      if (weights === undefined)
        throw usage('--program weighted: which weights?', 'for example --weights 3,1,1');
      return { name: word, weights, by: by === 'cpu' ? null : by };
    case 'drain':
      if (drain === undefined) throw usage('--program drain: which slots?', 'for example --drain 2,5');
      return { name: word, drained: drain, by };
    default:
      return { name: word };
  }
}
