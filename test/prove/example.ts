/** An experiment with known rounds: what `prove -j` prints, without the fields that no report shows. */
import type { ProvedDocument } from '../../src/prove/document.ts';
import { schedule } from '../../src/prove/schedule.ts';
import type { Design, Round } from '../../src/prove/types.ts';
import { judge } from '../../src/prove/verdict.ts';

const design: Design = {
  order: 'random ABBA/BAAB',
  seed: 4,
  blocks: 6,
  round: 6,
  warm: 1,
  untilClear: false,
};

const rounds: readonly Round[] = schedule(design, 'off').map(({ block, arm, measured }, at) => ({
  block,
  arm,
  at: measured,
  seconds: 6,
  connections: 18_000,
  values: {
    'worker-cpu': (arm === 'on' ? 46 : 53) + (at % 5) / 2,
    'remote-wakeups': arm === 'on' ? 0 : 47 + (at % 3) / 2,
    // Far beyond the scale of what decides.
    ipis: arm === 'on' ? 0.25 : 1,
    'cpus-not-idle': 80 + (at % 7),
    'run-queue-wait': null,
    switches: 1 + (at % 2) / 10,
    'busiest-worker': 51,
    rate: 3_000,
    steal: 0,
    drops: 0,
    cycles: null,
    instructions: null,
    'llc-misses': null,
    number: null,
    'wait-median': null,
    'wait-p99': null,
  },
}));

const judged = judge(rounds, {
  design,
  primary: 'worker-cpu',
  better: null,
  margin: 0.02,
  protocol: 'tcp',
  per: 'connection',
  changesWakeups: true,
  what: 'the program',
  stopped: null,
});

export const EXAMPLE: ProvedDocument = {
  ...judged,
  started: '2026-11-30T08:08:20.734Z',
  group: 'tcp 0.0.0.0:8080',
  change: 'cpu',
  changes: null,
  aa: false,
  design,
  primary: 'worker-cpu',
  rounds,
};
