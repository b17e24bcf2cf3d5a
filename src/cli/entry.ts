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
  run(process.argv.slice(2)).then((status) => process.exit(status));
}

async function run(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    const { printVersion } = await import('./version.ts');
    if (printVersion()) return 0;
  }
  const { main } = await import('./main.ts');
  return main(argv);
}
