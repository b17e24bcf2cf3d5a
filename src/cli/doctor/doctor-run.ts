/** `locality-tune doctor`: examines this machine, or the files of a captured one. */
import { COMMANDS, examine, hasFailed } from '../../doctor/doctor.ts';
import type { Subject } from '../../doctor/types.ts';
import { doctorLines } from '../../report/doctor.ts';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import { places } from '../../tune/places.ts';
import { nearest } from '../../words/nearest.ts';
import { EXIT, usage } from '../errors.ts';
import { openSystem } from '../host-source.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, progress, styleOf } from '../output.ts';

const SCHEMA = 'locality-tune.doctor/1';

export interface DoctorCommandOptions extends Globals {
  readonly for?: readonly string[];
  readonly probes: boolean;
}

export async function runDoctor(options: DoctorCommandOptions): Promise<void> {
  const commands = options.for ?? [];
  const unknown = commands.find((name) => !COMMANDS.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, COMMANDS);
    throw usage(
      `--for '${unknown}': no such command, or it needs nothing`,
      meant === null ? `must be one of ${COMMANDS.join(', ')}` : `did you mean ${meant}?`,
    );
  }
  const subject = await subjectOf(options);
  const done = progress('examining this machine ...');
  const checks = await examine(subject, commands).finally(done);
  if (options.json || options.pretty) printDocument({ schema: SCHEMA, checks }, options);
  else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(doctorLines(checks, style), style);
  }
  if (hasFailed(checks)) process.exitCode = EXIT.failed;
}

async function subjectOf({ root, probes, config }: DoctorCommandOptions): Promise<Subject> {
  if (root !== undefined) return { files: (await openSystem({ root })).files, live: null };
  const euid = process.geteuid?.() ?? -1;
  const { state, config: usual } = places();
  return {
    files: openFiles('/'),
    live: { kernel: openKernel(), euid, probes, state, config: config ?? usual },
  };
}
