/** `locality-tune xdp spread`: plans, asks, attaches, and prints the result. */
import type { Cpus } from '../../host/cpus.ts';
import { changeLines } from '../../report/tune.ts';
import { attachedLines, spreadWords } from '../../report/xdp.ts';
import { type LiveMachine, openMachine, requireRoot } from '../../use-cases/machine.ts';
import { takeBackOwn } from '../../use-cases/undo.ts';
import { applySpread, type PlannedSpread, planSpread } from '../../use-cases/xdp.ts';
import { formatBy, formatPorts, parseBy, parsePorts } from '../../xdp/spread.ts';
import { readStatus } from '../../xdp/status.ts';
import { confirm, requireAnswer } from '../confirm.ts';
import { during, EXIT, usage } from '../errors.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, progress, say, sayParagraph, styleOf } from '../output.ts';
import { heedInterruptions } from '../signals.ts';
import { toDocument } from './status-document.ts';

export interface XdpSpreadOptions extends Globals {
  readonly iface: string;
  readonly port?: string;
  readonly by: string;
  readonly tcp?: true;
  readonly cpus?: Cpus;
  readonly queue: number;
  readonly mode: 'native' | 'generic';
  readonly withProgram?: true;
  readonly force?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

const SCHEMA = 'locality-tune.xdp-spread/1' as const;
export const NEEDS_ROOT = 'loading a BPF program needs CAP_BPF, attaching it to an interface CAP_NET_ADMIN';

export async function runXdpSpread(options: XdpSpreadOptions): Promise<void> {
  const asked = askedOf(options);
  requireRoot('xdp spread', NEEDS_ROOT);
  if (!options.dryRun) requireAnswer('xdp spread', options.yes === true);
  const json = options.json || options.pretty;
  const style = styleOf(options.color, process.stdout, process.env);
  const machine = openMachine();
  const planned = await during('xdp spread', 'root', () => planSpread(machine, asked, progress));
  const { spread, plan, warnings } = planned;
  if (!json) for (const warning of warnings) sayParagraph('note: ', warning);
  if (plan.changes.length === 0) {
    if (json) printDocument(await documentOf(machine, options, planned, null, false), options);
    else say(`unchanged: ${options.iface} spreads ${spreadWords(spread)} already\n`);
    return;
  }
  if (options.dryRun) {
    if (json) printDocument(await documentOf(machine, options, planned, null, false), options);
    else printLines(changeLines(plan.changes, style), style);
    return;
  }
  if (!options.yes) {
    printLines(changeLines(plan.changes, style), style);
    if (!(await confirm(`Spread ${spreadWords(spread)} on ${options.iface}?`))) {
      process.exitCode = EXIT.failed;
      return say('nothing was changed\n');
    }
  }
  const interruption = heedInterruptions();
  const done = progress('attaching ...');
  const made = await applySpread(machine, plan, interruption.signal).finally(done);
  const restored =
    made.takenBack === null && interruption.signal.aborted && made.journal !== null
      ? (await takeBackOwn(machine, made.journal)).skipped
      : made.takenBack;
  const changed = restored === null ? made.journal !== null : restored.length > 0;
  if (json) printDocument(await documentOf(machine, options, planned, made.journal, changed), options);
  else if (restored === null) printLines(attachedLines(options.iface, spread, style), style);
  else
    say(
      restored.length === 0
        ? 'interrupted: everything was restored\n'
        : 'interrupted: not everything was restored; run `locality-tune undo`\n',
    );
  process.exitCode = interruption.status() ?? EXIT.ok;
}

/** Throws CliError usage. */
function askedOf(options: XdpSpreadOptions) {
  const by = parseBy(options.by);
  if (by === null)
    throw usage(
      `--by '${options.by}': must be flow, inner, quic[:LENGTH], payload:OFFSET:MASK, round or random`,
      'LENGTH is 1 to 20 bytes, OFFSET 0 to 4095 bytes, MASK 32 bits other than 0, such as 0x000fffff',
    );
  const ports = options.port === undefined ? null : parsePorts(options.port, by.way);
  if (options.port !== undefined && ports === null)
    throw usage(
      `--port '${options.port}': must be ports from 1 to 65535, separated by commas`,
      'with --by inner also gre, ipip, esp, and PORT:vxlan, PORT:gtp, PORT:esp, PORT:wireguard',
    );
  return {
    iface: options.iface,
    by,
    ports,
    tcp: options.tcp === true,
    cpus: options.cpus ?? null,
    queue: options.queue,
    mode: options.mode,
    withProgram: options.withProgram === true,
    force: options.force === true,
  };
}

async function documentOf(
  machine: LiveMachine,
  { iface, dryRun }: XdpSpreadOptions,
  { spread, plan, warnings }: PlannedSpread,
  journal: string | null,
  changed: boolean,
) {
  const [found] = await readStatus(machine, [iface]);
  const { by, cpus, queue, mode } = spread;
  const now =
    found === undefined
      ? { program: null, counters: null, arrived: null, lost: null, warnings: [] }
      : toDocument(found);
  return {
    schema: SCHEMA,
    ...(dryRun ? { dryRun: true } : {}),
    changed,
    journal,
    changes: plan.changes,
    ...now,
    iface,
    mode,
    by: formatBy(by),
    ports: formatPorts(spread),
    cpus,
    queueSize: queue,
    warnings: [...warnings, ...now.warnings],
  };
}
