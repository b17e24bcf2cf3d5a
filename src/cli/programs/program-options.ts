/** What the programs of this tool are made from, as far as it is told on the command line. */
import type { Command } from 'commander';
import { type Cpus, parseCpuList } from '../../host/cpus.ts';
import { usage } from '../errors.ts';

/** The reuseport array stops growing at 32,768 sockets; a larger number is a slip. */
export const SIZE_MAX = 32_768;

export type By = 'cpu' | 'rand' | 'flow';

export interface ProgramOptions {
  /** Share of slot 0, 1, … */
  readonly weights?: readonly number[];
  /** Slots, ascending. */
  readonly drain?: readonly number[];
  readonly by?: By;
}

/** What `attach` reads from the machine. */
export interface LayoutOptions {
  /** CPU of the worker of slot 0, 1, … */
  readonly cpus?: readonly number[];
  readonly nodes?: readonly Cpus[];
}

export function addProgramOptions(command: Command): Command {
  return command
    .option('--weights <list>', '`weighted`: shares of slot 0, 1, …: 3,1,1', weights)
    .option('--drain <slots>', '`drain`: slots that get nothing new: 2,5-7', slots)
    .option(
      '--by <what>',
      '`numa`, `weighted`, `drain`: spread each packet (rand) or each flow (flow); `drain` also by cpu',
      by,
    );
}

export function addLayoutOptions(command: Command): Command {
  return command
    .option('--cpus <list>', '`map`, `numa`, `source-rendezvous`: CPU of the worker of slot 0, 1, …', cpus)
    .option('--nodes <lists>', '`numa`: CPUs of each node, with slashes in between: 0-3/4-7', nodes);
}

function weights(text: string): readonly number[] {
  if (/^\d{1,5}(,\d{1,5})*$/.test(text)) return text.split(',').map(Number);
  throw usage(`--weights '${text}': not whole numbers with commas in between`, 'for example 3,1,1');
}

function slots(text: string): readonly number[] {
  const list = cpuList(text);
  if (list !== null && list.length > 0) return list;
  throw usage(`--drain '${text}': not a list of slots`, 'for example 2,5-7');
}

function by(text: string): By {
  if (text === 'cpu' || text === 'rand' || text === 'flow') return text;
  throw usage(`--by '${text}': not one of cpu, rand, flow`);
}

/** Unlike in a set of CPUs, the order counts. */
function cpus(text: string): readonly number[] {
  const parts = text.split(',').map(cpuList);
  if (parts.every((part) => part !== null && part.length > 0)) return parts.flatMap((part) => part ?? []);
  throw usage(`--cpus '${text}': not a list of CPUs`, 'for example 0,2,4,6 or 0-7');
}

function nodes(text: string): readonly Cpus[] {
  const parts = text.split('/').map(cpuList);
  if (parts.every((part) => part !== null && part.length > 0))
    return parts.flatMap((part) => (part ? [part] : []));
  throw usage(`--nodes '${text}': not a list of CPUs for each node`, 'for example 0-3/4-7');
}

const cpuList = (text: string) => (/^[\d,:/-]+$/.test(text) ? parseCpuList(text) : null);
