/** What is applied, and what has drifted since. */
import { type Standing, standingOf } from '../tune/status.ts';
import type { Survey } from '../tune/survey.ts';
import { accessTo, type LiveMachine } from './machine.ts';
import { journalsOf } from './undo.ts';

/** Throws SystemError if the folder of journals cannot be read. */
export async function statusOf(machine: LiveMachine): Promise<Survey & Standing> {
  const survey = journalsOf(machine);
  const here = survey.journals.filter(({ place }) => place === 'here').map(({ journal }) => journal);
  return { ...survey, ...(await standingOf(accessTo(machine), here)) };
}
