/** Shows what `attach` would change, and asks. */
import { attachLines } from '../../report/steer.ts';
import type { Attached } from '../../steer/attach.ts';
import { inNetns } from '../../words/in-netns.ts';
import { count } from '../../words/phrase.ts';
import { confirm, isInteractive, requireAnswer } from '../confirm.ts';
import { cliFailure } from '../errors.ts';
import { printLines, say, styleOf } from '../output.ts';
import { printWarnings } from './print-results.ts';
import type { AttachCommandOptions } from './requested-program.ts';

/** Throws CliError not-pinned or usage where nobody can be asked. @param planned at least one that would change */
export async function agreeToAttach(
  planned: readonly Attached[],
  options: AttachCommandOptions,
): Promise<boolean> {
  const changing = planned.filter(({ attached }) => !attached);
  const loose = changing.filter(({ unpinned }) => unpinned > 0);
  if (!isInteractive()) refuseUnpinned(loose, options);
  requireAnswer('attach', false);
  if (!options.json && !options.pretty) {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(attachLines(planned, 'asked', style), style);
  }
  printWarnings(planned);
  for (const each of loose) say(`to pin the workers first: ${planCommand(each, options)}\n`);
  const [first, ...more] = changing;
  const program = `\`${first?.program.file ?? first?.program.name}\``;
  const where = more.length > 0 ? count(changing.length, 'group') : first?.group;
  return confirm(`Attach ${program} to ${where}${loose.length > 0 ? ' anyway' : ''}?`);
}

function refuseUnpinned([first]: readonly Attached[], options: AttachCommandOptions): void {
  if (first === undefined) return;
  const { group, unpinned, program } = first;
  throw cliFailure(
    'not-pinned',
    `${group}: ${count(unpinned, 'worker')} may run on several CPUs, so \`${program.file ?? program.name}\` would ` +
      'send packets to sockets whose worker runs elsewhere',
    `\`${planCommand(first, options)}\` shows how to pin them first; --yes attaches the program anyway`,
  );
}

const planCommand = ({ protocol, port }: Attached, { netns }: AttachCommandOptions): string =>
  inNetns(`locality-tune plan --port ${port}${protocol === 'udp' ? ' --udp' : ''}`, netns ?? null);
