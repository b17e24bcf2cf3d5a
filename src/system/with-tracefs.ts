/**
 * A program of its own: `with-tracefs FILE ARGUMENT…` becomes FILE, which finds tracefs at /sys/kernel/tracing in a mount
 * namespace that nobody else sees. For bpftrace, on a machine where nobody has mounted it.
 */
import { mountNew, unshareMounts } from './namespaces.ts';
import { native } from './native.ts';

const [file = '', ...args] = process.argv.slice(2);
try {
  unshareMounts();
  mountNew('tracefs', '/sys/kernel/tracing');
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
  native().execve(file, [file, ...args], environment);
} catch (error) {
  // As bpftrace words its own failures, among which it is looked for.
  process.stderr.write(
    `ERROR: tracefs on /sys/kernel/tracing: ${error instanceof Error ? error.message : error}\n`,
  );
  process.exitCode = 1;
}
