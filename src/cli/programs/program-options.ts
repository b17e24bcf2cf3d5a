/** The options that say what a program is made from. */
import type { Command } from 'commander';
import { type Cpus, parseCpuList } from '../../host/cpus.ts';
import { usage } from '../errors.ts';

/** The reuseport array stops growing at 32,768 sockets; a larger number is a typo. */
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

/** What program-help.ts knows. */
export interface ProgramHelp {
  readonly programsWith: (option: ProgramOption) => readonly string[];
  readonly programList: () => string;
}

export type ProgramOption = keyof ProgramOptions | keyof LayoutOptions;

/** @param help null: this command's help was not requested */
export function addProgramOptions(command: Command, help: ProgramHelp | null): Command {
  return command
    .option(
      '--weights <list>',
      `${names(help, 'weights')}weights of slot 0, 1, …, for example 3,1,1`,
      weights,
    )
    .option('--drain <slots>', `${names(help, 'drain')}slots that get nothing new, for example 2,5-7`, slots)
    .option(
      '--by <what>',
      `${names(help, 'by')}choose for each packet (rand) or for each flow (flow); \`drain\` also by cpu`,
      by,
    );
}

export function addLayoutOptions(command: Command, help: ProgramHelp | null): Command {
  return command
    .option('--cpus <list>', `${names(help, 'cpus')}CPU of the worker of slot 0, 1, …`, cpus)
    .option(
      '--nodes <lists>',
      `${names(help, 'nodes')}CPUs of each node, separated by slashes: 0-3/4-7`,
      nodes,
    );
}

/** `map`, `numa`: the programs that an option is for. */
const names = (help: ProgramHelp | null, option: ProgramOption): string =>
  help === null
    ? ''
    : `${help
        .programsWith(option)
        .map((name) => `\`${name}\``)
        .join(', ')}: `;

function weights(text: string): readonly number[] {
  if (/^\d{1,5}(,\d{1,5})*$/.test(text)) return text.split(',').map(Number);
  throw usage(`--weights '${text}': must be whole numbers separated by commas`, 'for example 3,1,1');
}

function slots(text: string): readonly number[] {
  const list = cpuList(text);
  if (list !== null && list.length > 0) return list;
  throw usage(`--drain '${text}': must be a list of slots`, 'for example 2,5-7');
}

function by(text: string): By {
  if (text === 'cpu' || text === 'rand' || text === 'flow') return text;
  throw usage(`--by '${text}': must be cpu, rand or flow`);
}

/** Unlike in a set of CPUs, the order matters. */
function cpus(text: string): readonly number[] {
  const parts = text.split(',').map(cpuList);
  if (parts.every((part) => part !== null && part.length > 0)) return parts.flatMap((part) => part ?? []);
  throw usage(`--cpus '${text}': must be a list of CPUs`, 'for example 0,2,4,6 or 0-7');
}

function nodes(text: string): readonly Cpus[] {
  const parts = text.split('/').map(cpuList);
  if (parts.every((part) => part !== null && part.length > 0))
    return parts.flatMap((part) => (part ? [part] : []));
  throw usage(`--nodes '${text}': must be a list of CPUs for each node`, 'for example 0-3/4-7');
}

const cpuList = (text: string) => (/^[\d,:/-]+$/.test(text) ? parseCpuList(text) : null);
