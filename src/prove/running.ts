/** The state of a running experiment in a file, for the live view. It never says in which direction blocks differ. */
import { join } from 'node:path';
import { errnoCode, isFailure } from '../system/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { removeFile } from '../system/remove-file.ts';
import { replaceFile } from '../system/save.ts';
import { Mismatch, nullable, number, object, type Shape, text, whole } from '../system/shape.ts';
import { readTrusted } from '../system/trusted.ts';
import type { Files } from '../system/types.ts';
import { startTimeOf } from '../tune/settings/affinity.ts';
import type { Running } from './experiment.ts';

export interface RunningExperiment extends Running {
  readonly group: string;
  /** The program's name or file, or `plan`. */
  readonly change: string;
}

interface Noted extends RunningExperiment {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: a pid is given away again. */
  readonly startTime: string | null;
}

const natural = whole(0, 1_000_000);
const noted: Shape<Noted> = object<Noted>({
  group: text,
  change: text,
  pid: whole(1, 2 ** 31),
  startTime: nullable(text),
  rounds: natural,
  of: natural,
  blocks: natural,
  ofBlocks: natural,
  secondsLeft: number,
  spread: nullable(number),
});

const MOST_BYTES = 65_536;
const fileIn = (state: string): string => join(state, 'experiment.json');

/** The experiment goes on if it cannot be written. */
export function noteRunning(state: string, files: Files, running: RunningExperiment): void {
  const content: Noted = {
    ...running,
    pid: process.pid,
    startTime: startTimeOf(files, process.pid, process.pid),
  };
  tolerantly(() => {
    makeFolder(state, 0o700);
    replaceFile(fileIn(state), `${JSON.stringify(content)}\n`, 0o600);
  });
}

export const forgetRunning = (state: string): void => {
  tolerantly(() => removeFile(fileIn(state)));
};

/** null: none runs, or the caller may not see it. */
export function readRunning(state: string, files: Files): RunningExperiment | null {
  return tolerantly(() => {
    const { pid, startTime, ...running } = noted(JSON.parse(readTrusted(fileIn(state), MOST_BYTES)), '');
    return startTime !== null && startTimeOf(files, pid, pid) === startTime ? running : null;
  });
}

function tolerantly<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    const isExpected = error instanceof Mismatch || error instanceof SyntaxError || isFailure(error);
    if (!isExpected && errnoCode(error) === null) throw error;
    return null;
  }
}
