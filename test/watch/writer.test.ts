import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scriptOf, writerOf } from '../../src/watch/writer.ts';

describe('scriptOf', () => {
  it.each([
    ['/bin/bash /usr/local/bin/set_irq_affinity.sh eth0', '/usr/local/bin/set_irq_affinity.sh'],
    ['-bash', null],
    ['sh -e -x ./tune.sh all', './tune.sh'],
    ['bash -o pipefail ./tune.sh', './tune.sh'],
    ['sh -c echo', null],
    ['sh -ec echo', null],
    ['python3.11 -u /opt/agent.py --fast', '/opt/agent.py'],
    ['python3 -m tuned.daemon', 'tuned.daemon'],
    ['python3 -', null],
    ['perl -w /usr/sbin/x.pl', '/usr/sbin/x.pl'],
    ['node --require ./hook.js server.js', 'server.js'],
    ['/usr/sbin/irqbalance --foreground', null],
    ['tee /sys/class/net/eth0/queues/rx-0/rps_cpus', null],
    ['', null],
  ])('of "%s" is %s', (line, script) => {
    expect(scriptOf(line === '' ? [] : line.split(' '))).toBe(script);
  });

  it('is one of the words, whatever they are', () => {
    fc.assert(
      fc.property(fc.constantFrom('sh', 'python3', 'x'), fc.array(fc.string()), (program, words) => {
        const script = scriptOf([program, ...words]);
        expect(script === null || words.includes(script)).toBe(true);
      }),
    );
  });
});

describe('writerOf', () => {
  it('names the unit and the script', () => {
    const texts = {
      pid: 812,
      comm: 'bash',
      command: ['/bin/bash', '/opt/set.sh'],
      cgroup: '0::/system.slice/cron.service\n',
      parent: 1,
    };
    expect(writerOf(texts)).toEqual({
      pid: 812,
      comm: 'bash',
      script: '/opt/set.sh',
      unit: 'cron.service',
      container: null,
      parent: 1,
    });
  });

  it('knows nothing of a process of another pid namespace', () => {
    expect(writerOf({ pid: 0, comm: null, command: [], cgroup: '', parent: null })).toBeNull();
  });
});
