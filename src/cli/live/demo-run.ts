/** `locality-tune demo`: run it, and print before and after. */
import { demonstrate } from '../../demo/demo.ts';
import { demoLines } from '../../report/demo.ts';
import { openKernel } from '../../system/kernel.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, say, styleOf } from '../output.ts';

export interface DemoCommandOptions extends Globals {
  readonly workers: number;
  readonly connections: number;
  readonly datagrams: number;
}

export async function runDemo(options: DemoCommandOptions): Promise<void> {
  const abort = new AbortController();
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => {
      process.exitCode = status;
      abort.abort();
    });
  try {
    const result = await demonstrate(openKernel(), {
      maxWorkers: options.workers,
      connections: options.connections,
      datagrams: options.datagrams,
      signal: abort.signal,
      onStep: (step) => say(`${step}\n`),
    });
    if (options.json || options.pretty)
      return printDocument({ schema: 'locality-tune.demo/1', ...result }, options);
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(demoLines(result, style), style);
  } catch (error) {
    // If it is interrupted, its children end, and that is what fails.
    if (!abort.signal.aborted) throw error;
  }
}
