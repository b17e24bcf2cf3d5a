/** `locality-tune demo`: run it, and print before and after. */
import { runDemo } from '../demo/demo.ts';
import { demoLines } from '../report/demo.ts';
import { openKernel } from '../system/kernel.ts';
import type { DemoCommandOptions } from './demo.ts';
import { printDocument, printLines, say, styleOf } from './output.ts';

export async function demo(options: DemoCommandOptions): Promise<void> {
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
    const result = await runDemo(openKernel(), {
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
    // Its children end when it is interrupted, and that is what fails then.
    if (!abort.signal.aborted) throw error;
  }
}
