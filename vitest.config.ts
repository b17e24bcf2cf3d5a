import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';
import { BPF_ASM } from './test/cbpf/bpf-asm.ts';

const isRoot = process.getuid?.() === 0;
const has = (tool: string) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
// g++ answers with the bare name if it does not have it.
const hasLibrary = (name: string) =>
  isAbsolute(spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout ?? '');

// What a machine can't run is left out by name and said aloud; nothing is skipped inside of a test file.
const leftOut = [
  ...(isRoot ? [] : [{ pattern: '**/*.root.test.ts', why: 'they need root' }]),
  ...(['bpftrace', 'nginx', 'haproxy'].every(has)
    ? []
    : [{ pattern: 'test/integration/**', why: 'they need bpftrace, nginx and haproxy' }]),
  ...(['unbound', 'knotd', 'named'].every(has)
    ? []
    : [
        {
          pattern: 'test/integration/dns-restart.long.root.test.ts',
          why: 'it needs unbound, knotd and named',
        },
      ]),
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
  ...(['libasan.so', 'libubsan.so'].every(hasLibrary)
    ? []
    : [
        {
          pattern: 'test/system/addon-fuzz.long.root.test.ts',
          why: 'it needs g++ with AddressSanitizer and UndefinedBehaviorSanitizer (libasan, libubsan)',
        },
      ]),
  ...(has('clang') ? [] : [{ pattern: 'test/xdp/build-bpf.test.ts', why: 'it needs clang' }]),
  ...(existsSync('/lib/systemd/systemd')
    ? []
    : [{ pattern: 'test/systemd/**', why: 'they boot systemd, which is not installed' }]),
  ...(['sudo', 'visudo'].every(has)
    ? []
    : [{ pattern: 'test/systemd/sudoers.root.test.ts', why: 'it needs sudo' }]),
  ...(has('ansible-playbook')
    ? []
    : [{ pattern: 'test/integration/ansible.long.root.test.ts', why: 'it needs ansible-core' }]),
  ...(has('promtool') ? [] : [{ pattern: 'test/export/prometheus-text.test.ts', why: 'it needs promtool' }]),
  ...(has('mandoc') ? [] : [{ pattern: 'test/cli/man-pages.test.ts', why: 'it needs mandoc' }]),
  ...(['zsh', 'fish'].every(has)
    ? []
    : [{ pattern: 'test/cli/completion/shells.test.ts', why: 'it needs zsh and fish' }]),
  ...(['amtool', 'promtool'].every(has)
    ? []
    : [{ pattern: 'test/monitoring/files.test.ts', why: 'it needs promtool and amtool' }]),
  ...(['curl', 'prometheus', 'victoria-metrics', 'vmalert'].every(has)
    ? []
    : [
        {
          pattern: 'test/monitoring/fleet.long.root.test.ts',
          why: 'it needs curl, prometheus, victoria-metrics and vmalert',
        },
      ]),
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

/** Each of these has a namespace, a terminal or folders of its own and starts no bpftrace, so two at once are fine. */
const APART = [
  'test/balance/{balance,health}.root.test.ts',
  'test/browser/**/*.test.ts',
  'test/cli/entry.test.ts',
  'test/export/serving.root.test.ts',
  'test/integration/{bad-input,netns-container,watch,watch-control,watch-repair}.root.test.ts',
  'test/tui/terminal.test.ts',
  'test/tune/{boot,faults,hang-up,read-only,saved}.root.test.ts',
  'test/tune/plan/netns.root.test.ts',
  'test/watch/{late,listen}.root.test.ts',
  'test/xdp/{killed,sport,spread}.root.test.ts',
];
/** Servers, figures, BPF programs: two of them at once would be in each other's figures. */
const MACHINE = [
  '**/*.root.test.ts',
  'test/{demo,integration,steer}/**/*.test.ts',
  'test/cbpf/kernel.test.ts',
];
/** Compares all JSON that is printed with its schema. */
const PRINTED = 'test/integration/printed.ts';
/** Minutes altogether, so `npm run lab` runs them, and `npm test` does not. */
const LONG = ['**/*.long.root.test.ts'];
/** What starts bpftrace, systemd or many programs of ours needs more where others use the CPUs. */
const SLOW = { testTimeout: 180_000, hookTimeout: 180_000 };
const elsewhere = ['test/lab/**', 'test/packages/**', ...leftOut.map(({ pattern }) => pattern)];

export default defineConfig({
  test: {
    reporters: ['default', closingLine],
    // Real processes, real kernels: slow starts are no failures.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'pure',
          include: ['test/**/*.test.ts'],
          exclude: [...MACHINE, ...APART, ...LONG, ...elsewhere],
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'apart',
          ...SLOW,
          globalSetup: PRINTED,
          include: APART,
          exclude: elsewhere,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'machine',
          ...SLOW,
          globalSetup: PRINTED,
          include: MACHINE,
          exclude: [...APART, ...LONG, ...elsewhere],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          ...SLOW,
          globalSetup: PRINTED,
          include: LONG,
          exclude: elsewhere,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
