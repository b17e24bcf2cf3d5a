/**
 * What the help says of programs, from their table. Loaded where a command about programs was named: to read the table
 * takes longer than all else that `--version` and the list of commands do.
 */
import {
  needs,
  type ParameterName,
  PROGRAM_NAMES,
  type ProgramName,
  programNamed,
} from '../../cbpf/programs.ts';
import type { ProgramOption } from './program-options.ts';

/** What each option says of a program. */
const SAYS: Readonly<Record<ProgramOption, readonly ParameterName[]>> = {
  weights: ['weights'],
  drain: ['drained'],
  by: ['spread', 'by'],
  cpus: ['slotOfCpu', 'nodes', 'keyOfSlot'],
  nodes: ['nodes'],
};

export const PROGRAM_OPTIONS = ['weights', 'drain', 'by', 'cpus', 'nodes'] as const;

/** The programs that an option has a meaning for. */
export const programsWith = (option: ProgramOption): readonly ProgramName[] =>
  PROGRAM_NAMES.filter((name) => SAYS[option].some((parameter) => needs(name, parameter)));

/** For the help: each program on a line of its own, with the option that it can't do without. */
export function programList(): string {
  const width = Math.max(...PROGRAM_NAMES.map(({ length }) => length));
  const required = (name: ProgramName) =>
    needs(name, 'weights') ? ' (--weights 3,1,1)' : needs(name, 'drained') ? ' (--drain 2,5)' : '';
  return PROGRAM_NAMES.map(
    (name) => `  ${name.padEnd(width)}  ${programNamed(name).purpose}${required(name)}`,
  ).join('\n');
}
