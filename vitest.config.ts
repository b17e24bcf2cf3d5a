import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';
import { BPF_ASM } from './test/cbpf/bpf-asm.ts';

const isRoot = process.getuid?.() === 0;
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

// What a machine can't run is left out by name and said aloud; nothing is skipped inside of a test file.
const leftOut = [
  ...(isRoot ? [] : [{ pattern: '**/*.root.test.ts', why: 'they need root' }]),
  ...(['bpftrace', 'nginx', 'haproxy'].every(has)
    ? []
    : [{ pattern: 'test/integration/**', why: 'they need bpftrace, nginx and haproxy' }]),
  ...(existsSync(BPF_ASM)
    ? []
    : [
        {
          pattern: 'test/cbpf/bpf-asm.test.ts',
          why: "it needs the kernel's bpf_asm: node test/cbpf/build-bpf-asm.ts",
        },
      ]),
  ...(['tcpdump', 'python3'].every(has)
    ? []
    : [{ pattern: 'test/cbpf/tcpdump.test.ts', why: 'it needs tcpdump and python3' }]),
  ...(has('chromium') ? [] : [{ pattern: 'test/browser/**', why: 'they need chromium' }]),
];
for (const { pattern, why } of leftOut) console.warn(`left out: ${pattern}: ${why}`);

/** The last line says the same in a form that any CI reads. */
const closingLine: Reporter = {
  onTestRunEnd(modules) {
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    );
    const count = (state: string) => states.filter((one) => one === state).length;
    console.log(`Tests: ${count('passed')} passed, ${count('failed')} failed`);
  },
};

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/lab/**', ...leftOut.map(({ pattern }) => pattern)],
    reporters: ['default', closingLine],
    // Real processes, real kernels: slow starts are no failures, and two files that load BPF must not overlap.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
