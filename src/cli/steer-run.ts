/** `locality-tune attach` and `detach`: read the groups, change one, print what became of it. */
import { machine } from 'node:os';
import { readSockets, type Sockets } from '../host/sockets.ts';
import { attach, detach } from '../steer/attach.ts';
import { identify } from '../steer/member.ts';
import type { Selector } from '../steer/select.ts';
import { openFiles } from '../system/files.ts';
import { openKernel } from '../system/kernel.ts';
import type { Kernel } from '../system/types.ts';
import type { AttachCommandOptions } from './attach.ts';
import { usage } from './errors.ts';
import { printDocument, printLines, progress, styleOf } from './output.ts';
import { attachLines, detachLines } from './report/steer.ts';
import type { Line, Style } from './report/text.ts';
import { type SteerOptions, selectorOf } from './steer-options.ts';

export async function runAttach(options: AttachCommandOptions): Promise<void> {
  const { kernel, sockets, selector } = await prepare(options);
  if (options.program === 'map' && options.groupSize !== undefined)
    throw usage('--group-size: `map` is made from the slots themselves', 'leave it out');
  const dryRun = options.dryRun === true;
  const results = await attach(kernel, sockets, selector, {
    program: options.program,
    groupSize: options.groupSize ?? null,
    dryRun,
    force: options.force === true,
  });
  print('attach', results, options, (style) => attachLines(results, dryRun, style));
}

export async function runDetach(options: SteerOptions): Promise<void> {
  const { kernel, sockets, selector } = await prepare(options);
  const dryRun = options.dryRun === true;
  const results = await detach(kernel, sockets, selector, { dryRun, force: options.force === true });
  print('detach', results, options, () => detachLines(results, dryRun));
}

async function prepare(
  options: SteerOptions,
): Promise<{ kernel: Kernel; sockets: Sockets; selector: Selector }> {
  const selector = selectorOf(options);
  const kernel = openKernel();
  // A wrong pid or fd is said at once, not after the seconds that reading the slots takes.
  const port = 'pid' in selector ? identify(kernel, selector.pid, selector.fd).port : selector.port;
  const done = progress('reading slots and program …');
  try {
    const system = { files: openFiles('/'), kernel };
    const sockets = await readSockets(system, machine(), { port, slots: true, sampleSeconds: 0 });
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
    for (const warning of warnings) process.stderr.write(`warning: ${group}: ${warning}\n`);
}
