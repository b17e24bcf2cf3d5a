/** `locality-tune live`: chooses what to watch and how to show it, and watches until the user quits. */

import { existsSync } from 'node:fs';
import { isatty } from 'node:tty';
import { startDemoLoad } from '../../live/demo-load.ts';
import { openLive } from '../../live/live.ts';
import { createRecorder, openRecording, type Recorder } from '../../live/recording.ts';
import type { Source } from '../../live/types.ts';
import { isSystemError } from '../../system/errors.ts';
import { openFiles } from '../../system/files.ts';
import { openKernel } from '../../system/kernel.ts';
import { confirm, isInteractive } from '../confirm.ts';
import { asFailure, during, usage } from '../errors.ts';
import { checkInterfaces, hostOf, loadSnapshot } from '../host-source.ts';
import type { SourceOptions } from '../options.ts';
import { printDocument, say } from '../output.ts';
import { untilInterrupted } from '../signals.ts';

export interface LiveCommandOptions extends SourceOptions {
  readonly iface?: readonly string[];
  readonly port?: number;
  readonly interval: number;
  readonly probes: boolean;
  readonly demo?: true;
  readonly record?: string;
  readonly force?: true;
  readonly replay?: string;
  readonly background?: 'dark' | 'light';
}

interface Watched {
  readonly source: Source;
  readonly label: string;
  stop(): Promise<void>;
}

export async function runLive(options: LiveCommandOptions): Promise<void> {
  const json = options.json || options.pretty;
  if (!json && !hasScreen()) return report(options);
  const recorder = await recorderOf(options);
  const { source, label, stop } = await open(options);
  try {
    if (json) return await printSamples(source, recorder, options);
    const { view } = await import('../../../tui/main.tsx');
    process.exitCode = await view({
      source,
      interval: options.interval,
      label,
      demo: options.demo === true,
      theme: { when: options.color, background: options.background ?? null },
      recorder,
    });
  } finally {
    await stop();
  }
}

/** An existing file is overwritten only if the user agrees. Throws CliError. */
async function recorderOf({ record, force }: LiveCommandOptions): Promise<Recorder | null> {
  if (record === undefined) return null;
  const mayReplace =
    force === true ||
    (existsSync(record) && isInteractive() && (await confirm(`${record} exists. Overwrite it?`)));
  const what = `--record ${record}`;
  const recorder = await during(what, 'write access to its folder', () => createRecorder(record, mayReplace));
  const write: Recorder['write'] = (sample) => {
    try {
      recorder.write(sample);
    } catch (error) {
      throw isSystemError(error) ? asFailure(error, what) : error;
    }
  };
  return { ...recorder, write };
}

/** A full screen needs a terminal to draw on and to read keys from. */
const hasScreen = (): boolean => isatty(0) && isatty(1) && process.env['TERM'] !== 'dumb';

async function open(options: LiveCommandOptions): Promise<Watched> {
  const { replay, interval, probes, iface = [] } = options;
  if (replay !== undefined) {
    const source = await during(`--replay ${replay}`, 'read access to the file', () =>
      openRecording(replay, null),
    );
    return { source, label: replay, stop: async () => {} };
  }
  if (options.from !== undefined) return openSnapshot(options.from, options);
  const system = { files: openFiles('/'), kernel: openKernel() };
  checkInterfaces(system.files, iface);
  const common = { ifaces: iface, interval, probes, netns: options.netns ?? null };
  if (!options.demo) {
    const source = openLive(system, { ...common, port: options.port ?? null });
    return { source, label: '', stop: async () => {} };
  }
  if (options.port !== undefined) throw usage('--port: the demo chooses its own port', 'omit --port');
  const { port, accepts, stop } = await startDemoLoad(system.kernel);
  const source = openLive(system, { ...common, port, accepts });
  return { source, label: `demo on port ${port}`, stop };
}

async function openSnapshot(from: string, options: LiveCommandOptions): Promise<Watched> {
  if (options.demo) throw usage('--demo: cannot be combined with --from', 'omit one of them');
  const { openSnapshotSource } = await import('../../live/snapshot-source.ts');
  const snapshot = await loadSnapshot(from, options);
  const source = openSnapshotSource(snapshot, hostOf(snapshot, options));
  return { source, label: from, stop: async () => {} };
}

/** What to print once without a screen. */
async function report({ replay, demo, iface, port, ...globals }: LiveCommandOptions): Promise<void> {
  if (replay !== undefined || globals.record !== undefined)
    throw usage('live: stdout is not a terminal', 'use --json to print one sample per line');
  if (demo) {
    const { runDemo } = await import('./demo-run.ts');
    return runDemo({ ...globals, workers: 16, connections: 4_000, datagrams: 20_000 });
  }
  say('note: stdout is not a terminal, so this is the output of inspect\n');
  const { runInspect } = await import('../inspect/inspect-run.ts');
  const only = { ...(iface === undefined ? {} : { iface }), ...(port === undefined ? {} : { port }) };
  return runInspect({ ...globals, ...only, slots: true });
}

/** Omits the configuration, which `inspect -j` prints. */
async function printSamples(
  source: Source,
  recorder: Recorder | null,
  options: LiveCommandOptions,
): Promise<void> {
  for await (const whole of source.samples(untilInterrupted())) {
    recorder?.write(whole);
    const { configuration: _, ...sample } = whole;
    printDocument({ schema: 'locality-tune.live/1', ...sample }, options);
  }
  recorder?.close();
}
