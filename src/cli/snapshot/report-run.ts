/** `locality-tune report`: reads the machine and measurements, makes the page, writes it. */
import type { Host } from '../../host/types.ts';
import type { PageComparison } from '../../html/comparison.ts';
import { page } from '../../html/page.ts';
import { type ProvedDocument, parseProved } from '../../prove/document.ts';
import { parseMeasured, type RecordedMeasurement } from '../../snapshot/measured.ts';
import { type Paper, parsePaper } from '../../snapshot/paper.ts';
import { readText } from '../../snapshot/read.ts';
import type { Snapshot } from '../../snapshot/types.ts';
import { failure } from '../../system/errors.ts';
import { packageVersion } from '../../system/package.ts';
import { Mismatch } from '../../system/shape.ts';
import { during, usage } from '../errors.ts';
import { hostOf, loadHost, loadSnapshot, narrow } from '../host-source.ts';
import { look, remedy } from '../inspect/inspect-run.ts';
import type { OutputOptions, SourceOptions } from '../options.ts';
import { save } from '../output.ts';

export interface ReportCommandOptions extends SourceOptions, OutputOptions {
  /** Many machines instead of one. */
  readonly fleet?: readonly string[];
  readonly iface?: readonly string[];
  readonly port?: number;
  readonly slots: boolean;
  readonly measured?: string;
  readonly before?: string;
  readonly after?: string;
  readonly experiment?: string;
}

export async function runReport(options: ReportCommandOptions): Promise<void> {
  const papers = await readPapers(options);
  const own =
    options.measured === undefined ? null : await read(options.measured, '--measured', parseMeasured);
  const measured = own ?? (papers?.after.kind === 'measurement' ? papers.after.measured : null);
  const experiment =
    options.experiment === undefined
      ? null
      : await read(options.experiment, '--experiment', parsedExperiment);
  const { host, source, snapshot } = await machineOf(options, papers?.after ?? null, measured);
  const inspection = {
    ...look(host, options.netns),
    remedy: snapshot === null ? remedy(options, host) : null,
  };
  const html = page({
    inspection,
    source,
    counters: snapshot?.counters ?? null,
    measured: measured && { ...measured, notes: [...strangers(measured, host), ...measured.notes] },
    experiment,
    comparison: papers && comparisonOf(papers, options),
    version: packageVersion(),
  });
  await save(html, options);
}

/** Throws Failure not-an-experiment. */
function parsedExperiment(text: string): ProvedDocument {
  try {
    return parseProved(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Mismatch)) throw error;
    const hint = 'write one: locality-tune prove --port PORT -j > FILE';
    throw failure('not-an-experiment', error.message, hint);
  }
}

interface Papers {
  readonly before: Paper;
  readonly after: Paper;
}

const read = <T>(path: string, option: string, parse: (text: string) => T): Promise<T> =>
  during(`${option} ${path}`, 'read access to the file', () => parse(readText(path)));

async function readPapers({ before, after }: ReportCommandOptions): Promise<Papers | null> {
  if (before === undefined && after === undefined) return null;
  if (before === undefined || after === undefined) {
    const [there, missing] = before === undefined ? ['--after', '--before'] : ['--before', '--after'];
    throw usage(`${there}: nothing to compare with`, `give ${missing} too`);
  }
  const papers = {
    before: await read(before, '--before', parsePaper),
    after: await read(after, '--after', parsePaper),
  };
  if (papers.before.kind !== papers.after.kind)
    throw usage(
      `--after ${after}: a ${papers.after.kind}, but --before is a ${papers.before.kind}`,
      'give two snapshots or two measurements',
    );
  return papers;
}

interface Machine {
  readonly host: Host;
  readonly source: string;
  /** null: it was not read from one. */
  readonly snapshot: Snapshot | null;
}

/** The machine of --from, of --after, of the recording, or this one, but never another than the measured one. */
async function machineOf(
  options: ReportCommandOptions,
  after: Paper | null,
  measured: RecordedMeasurement | null,
): Promise<Machine> {
  const { from, root, netns } = options;
  if (from !== undefined) return onPaper(await loadSnapshot(from, options), options);
  const here = root !== undefined || netns !== undefined;
  if (!here && after?.kind === 'machine') return onPaper(after.snapshot, options);
  if (!here && measured !== null && measured.host !== null) {
    const source = `at the end of a recording, ${measured.last}`;
    return { host: narrow(measured.host, options), source, snapshot: null };
  }
  const place = root === undefined ? `read on the machine, ${new Date().toISOString()}` : 'a captured tree';
  return { host: await loadHost(options), source: place, snapshot: null };
}

const onPaper = (snapshot: Snapshot, options: ReportCommandOptions): Machine => ({
  host: hostOf(snapshot, options),
  source: `snapshot of ${snapshot.time ?? 'an unknown time'}${snapshot.anonymized ? ', anonymised' : ''}`,
  snapshot,
});

function comparisonOf({ before, after }: Papers, options: ReportCommandOptions): PageComparison | null {
  if (before.kind === 'machine' && after.kind === 'machine') {
    const inspected = ({ host }: Snapshot) => ({ ...look(narrow(host, options)), remedy: null });
    return { kind: 'machines', before: inspected(before.snapshot), after: inspected(after.snapshot) };
  }
  return before.kind === 'measurement' && after.kind === 'measurement'
    ? { kind: 'measurements', before: before.measured, after: after.measured }
    : null;
}

/** It is easy to name a file of another machine by mistake. */
function strangers({ cpus }: RecordedMeasurement, { machine }: Host): readonly string[] {
  const online = new Set(machine.cpus.online);
  const missing = cpus.filter((cpu) => !online.has(cpu));
  return missing.length === 0
    ? []
    : [
        `measured on CPU ${missing.slice(0, 8).join(', ')}, which is not online here: is it the same machine?`,
      ];
}
