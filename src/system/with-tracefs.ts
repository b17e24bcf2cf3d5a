/**
 * A separate program: `with-tracefs FILE ARGUMENT…` executes FILE with tracefs at /sys/kernel/tracing, in a private
 * mount namespace. For bpftrace, on a machine where tracefs is not mounted.
 */
import { mountNew, unshareMounts } from './namespaces.ts';
import { native } from './native.ts';

const [file = '', ...args] = process.argv.slice(2);
try {
  unshareMounts();
  mountNew('tracefs', '/sys/kernel/tracing');
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
  native().execve(file, [file, ...args], environment, []);
} catch (error) {
  // In the form of bpftrace's own errors, among which it is searched.
  process.stderr.write(
    `ERROR: tracefs on /sys/kernel/tracing: ${error instanceof Error ? error.message : error}\n`,
  );
  process.exitCode = 1;
}
