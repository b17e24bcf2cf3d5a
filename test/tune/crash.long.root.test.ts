import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { change, type Lab, openLab } from './lab.ts';

/** Some hundred runs of the program. */
const PATIENCE_MS = 600_000;

let lab: Lab;
beforeAll(() => {
  lab = openLab('crash');
  // Settings of somebody's own, which no change of the plan names: what resets them must put them back.
  lab.sh(
    'ethtool -L v0 rx 2 tx 2; cd /sys/class/net/v0/queues; echo 2 > tx-1/xps_cpus; echo 3 > rx-1/rps_cpus',
  );
});
afterAll(() => lab?.end());

const plan = () => [
  change({ kind: 'channels', nic: 'v0', which: 'rx' }, '4'),
  change({ kind: 'channels', nic: 'v0', which: 'tx' }, '4'),
  ...[0, 1, 2, 3].map((queue) =>
    change({ kind: 'xps', nic: 'v0', queue, by: 'cpus' }, String(1 << (queue % 2))),
  ),
  change({ kind: 'xps', nic: 'v1', queue: 2, by: 'rxqs' }, '4'),
  change({ kind: 'rps', nic: 'v0', queue: 3 }, '2'),
  change({ kind: 'rfs', nic: 'v0', queue: 0 }, '64'),
  change({ kind: 'pin', pid: lab.pid, tid: lab.pid, comm: 'sleep', startTime: null }, '1'),
];

describe('an apply that is killed after every single write in turn', () => {
  it(
    'is taken back by undo, to the byte, every time',
    () => {
      const before = lab.settings();
      const args = ['apply', '--saved', lab.save(plan()), '--yes'];
      const states = new Set<string>();
      let killed = 0;
      for (let writes = 1; ; writes++) {
        const run = lab.tune(args, { LOCALITY_TUNE_DEBUG_KILL_AFTER: String(writes) });
        states.add(lab.settings());
        const { code, stdout, stderr } = lab.tune(['undo', '--yes', '--json']);
        expect({ writes, code, stdout, stderr: stderr, settings: lab.settings() }).toMatchObject({
          writes,
          code: 0,
          settings: before,
        });
        expect(JSON.parse(stdout).skipped).toEqual([]);
        if (run.signal !== 'SIGKILL' && run.code !== 137) {
          expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
          break;
        }
        killed++;
      }
      // xps_cpus of tx-1 is so already. Of each other change the intent, the write and its outcome; and the end.
      const made = plan().length - 1;
      expect(killed).toBe(3 * made + 1);
      // Each change was seen on its own, and the untouched machine.
      expect(states.size).toBeGreaterThanOrEqual(made + 1);
      expect(lab.tune(['status', '-j']).stdout).toContain('"journals":[]');
    },
    PATIENCE_MS,
  );

  it(
    'is taken back as well when the undo is killed, too',
    () => {
      const before = lab.settings();
      const args = ['apply', '--saved', lab.save(plan()), '--yes'];
      for (let writes = 1; ; writes++) {
        expect(lab.tune(args).code).toBe(0);
        const run = lab.tune(['undo', '--yes'], { LOCALITY_TUNE_DEBUG_KILL_AFTER: String(writes) });
        if (run.signal !== 'SIGKILL' && run.code !== 137) break;
        expect(lab.tune(['undo', '--yes']).code).toBe(0);
        expect({ writes, settings: lab.settings() }).toEqual({ writes, settings: before });
      }
      expect(lab.settings()).toBe(before);
    },
    PATIENCE_MS,
  );
});
