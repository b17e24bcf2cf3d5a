#!/usr/bin/env node
// Node 18 must be able to read this file: this check comes before the first import of anything newer.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(
    `locality-tune: Node ${process.versions.node} is too old; install Node 22.12 or later (https://nodejs.org)\n`,
  );
  process.exitCode = 1;
} else {
  // Everything has been written. Without this, Node would take 3 ms more to tear down its heap.
  import('./main.ts').then(async ({ main }) => process.exit(await main(process.argv.slice(2))));
}
