/** `locality-tune attach` and `detach`: read the groups, change one, print what became of it. */
import { machine } from 'node:os';
import { readSockets, type Sockets } from '../../host/sockets.ts';
import type { Group } from '../../host/types.ts';
import { attachLines, detachLines, measuredLines } from '../../report/steer.ts';
import type { Line, Style } from '../../report/text.ts';
import { type Attached, attach, detach } from '../../steer/attach.ts';
import { identify } from '../../steer/member.ts';
import { type Selector, selectTargets } from '../../steer/select.ts';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import type { Kernel } from '../../system/types.ts';
import { usage } from '../errors.ts';
import { printDocument, printLines, progress, say, styleOf } from '../output.ts';
import { type Asked, type AttachCommandOptions, askedProgram } from './program-asked.ts';
import { type SteerOptions, selectorOf } from './steer-options.ts';

/** Of --measure without a number, before and after each. */
const MEASURE_SECONDS = 3;

export async function runAttach(options: AttachCommandOptions): Promise<void> {
  const asked = await askedProgram(options, { files: openFiles('/'), kernel: openKernel() });
  if (options.measure !== undefined) return attachMeasured(options, asked, options.measure);
  const results = await steer(options, asked);
  print('attach', results, options, (style) => attachLines(results, options.dryRun === true, style));
}

async function steer(options: AttachCommandOptions, asked: Asked): Promise<Attached[]> {
  const { kernel, sockets, selector } = await prepare(options, true);
  return attach(kernel, sockets, selector, {
    ...asked,
    groupSize: options.groupSize ?? null,
    dryRun: options.dryRun === true,
    force: options.force === true,
  });
}

async function attachMeasured(
  options: AttachCommandOptions,
  asked: Asked,
  seconds: number | true,
): Promise<void> {
  if (options.dryRun) throw usage('--measure: a dry run changes nothing to measure', 'leave one of them out');
  if (options.allGroups) throw usage('--measure: one group at a time', 'choose it by --pid and --fd');
  const group = await theGroup(options);
  const { measureAround } = await import('./measure-around.ts');
  const { result, measured, why } = await measureAround(
    group,
    seconds === true ? MEASURE_SECONDS : seconds,
    () => steer(options, asked),
  );
  const results = result.map((each) => ({
    ...each,
    measured,
    warnings: why === null ? each.warnings : [...each.warnings, why],
  }));
  print('attach', results, options, (style) => [
    ...attachLines(results, false, style),
    ...(measured === null || why !== null
      ? []
      : measuredLines(measured, group.protocol === 'tcp' ? 'accepts' : 'datagrams', style)),
  ]);
}

/** Found without the slots, which takes seconds and would be old when the first measurement is over. */
async function theGroup(options: AttachCommandOptions): Promise<Group> {
  const { kernel, sockets, selector } = await prepare(options, false);
  const [target] = selectTargets(kernel, sockets, selector);
  if (target === undefined) throw new Error('no target, and no reason');
  return target.group;
}

export async function runDetach(options: SteerOptions): Promise<void> {
  const { kernel, sockets, selector } = await prepare(options, true);
  const dryRun = options.dryRun === true;
  const results = await detach(kernel, sockets, selector, { dryRun, force: options.force === true });
  print('detach', results, options, () => detachLines(results, dryRun));
}

async function prepare(
  options: SteerOptions,
  slots: boolean,
): Promise<{ kernel: Kernel; sockets: Sockets; selector: Selector }> {
  const selector = selectorOf(options);
  const kernel = openKernel();
  // A wrong pid or fd is said at once, not after the seconds that reading the slots takes.
  const port = 'pid' in selector ? identify(kernel, selector.pid, selector.fd).port : selector.port;
  const done = progress('reading slots and program …');
  try {
    const system = { files: openFiles('/'), kernel };
    const sockets = await readSockets(system, machine(), { port, slots, sampleSeconds: 0 });
    return { kernel, sockets, selector };
  } finally {
    done();
  }
}

/** One group is the document itself; several, asked for by --all-groups, are a list in it. */
function print(
  command: 'attach' | 'detach',
  results: readonly { readonly group: string; readonly warnings?: readonly string[] }[],
  options: SteerOptions,
  lines: (style: Style) => readonly Line[],
): void {
  const schema = `locality-tune.${command}/1`;
  if (options.json || options.pretty) {
    printDocument(options.allGroups ? { schema, groups: results } : { schema, ...results[0] }, options);
    return;
  }
  const style = styleOf(options.color, process.stdout, process.env);
  printLines(lines(style), style);
  for (const { group, warnings = [] } of results)
    for (const warning of warnings) say(`warning: ${group}: ${warning}\n`);
}
