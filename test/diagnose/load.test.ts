import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goodKey, keySpread } from '../../src/diagnose/rss-key.ts';
import type { Nic } from '../../src/host/types.ts';
import { parseFlow } from '../../src/path/flow.ts';
import { hasher } from '../../src/path/rss-hash.ts';
import { group, host, nic, pinned, range, veth } from '../fixtures/hosts.ts';
import { runFixes } from './run-fixes.ts';
import { findings, found } from './view.ts';

/** Interrupts of each queue since boot, in millions, all on the first CPU's column. */
function counted(made: Nic, millions: readonly number[]): Nic {
  return {
    ...made,
    irqs: made.irqs.map((irq, at) => ({ ...irq, counts: [(millions[at] ?? 0) * 1e6, 0, 0, 0, 0, 0, 0, 0] })),
  };
}

const eight = (name: string, hot: number, firstIrq: number, irqCpus = range(8)) =>
  counted(
    nic({ name, queues: 8, firstIrq, irqCpus, xps: true }),
    range(8).map((queue) => (queue === hot ? 10 : 2)),
  );

describe('queue-load-uneven', () => {
  it('finds a queue with far more than its share of the table', () => {
    const finding = found('queue-load-uneven', host({ nics: [eight('eth2', 6, 53)] }));
    expect(finding).toMatchObject({ severity: 'warning', subject: 'eth2', fix: [] });
    expect(finding?.message).toMatch(
      /^rx-6 took 41.7 % of the interrupts of eth2's .* a fair share is 12.5 %\. .*tunnel.*RPS/,
    );
  });

  it.each([
    ['even', counted(nic({ queues: 4 }), [3, 2, 2, 1])],
    ['what the table gives', counted(nic({ queues: 4, rss: [0, 0, 0, 0, 0, 1, 2, 3] }), [10, 2, 2, 2])],
    ['little', counted(nic({ queues: 4 }), [0.9, 0, 0, 0])],
    ['not counted', { ...nic({ queues: 4 }), irqs: [] }],
    ['sent past the table by rules', counted(nic({ queues: 4, ntupleRules: 2 }), [10, 1, 1, 1])],
    [
      'three times the average of 128 queues',
      counted(nic({ queues: 128 }), [30, ...Array<number>(127).fill(10)]),
    ],
    ['three to one on two queues', counted(nic({ queues: 2 }), [30, 10])],
    ['all on the one queue that the table names', counted(nic({ queues: 2, rss: [0, 0] }), [30, 0])],
    ['of a NIC that is quiet beside another', counted(nic({ queues: 4 }), [3, 0, 0, 0])],
  ])('is content with load that is %s', (_, each) => {
    const busy = counted(nic({ name: 'eth9', queues: 4, firstIrq: 900 }), [99, 99, 99, 99]);
    expect(found('queue-load-uneven', host({ nics: [each, busy] }))).toBeUndefined();
  });

  it('names the causes that can be', () => {
    const causes = (hot: number, facts: Parameters<typeof nic>[0] = {}) => {
      const made = nic({ queues: 4, xps: true, ...facts });
      return found(
        'queue-load-uneven',
        host({
          nics: [
            counted(
              made,
              range(4).map((at) => (at === hot ? 9 : 1)),
            ),
          ],
        }),
      );
    };
    expect(causes(0)?.message).toContain('packets without a hash come in here');
    expect(causes(1)?.message).not.toContain('packets without a hash');
    expect(causes(1)?.message).toContain('udp4 and udp6 hashed without ports; one busy sender');
    expect(causes(1, { txQueues: 1 })?.message).not.toContain('sender');
    expect(causes(1, { rps: [0, 1, 2] })).toMatchObject({ severity: 'info' });
  });
});

describe('flow-fills-queue', () => {
  const full = (more: Parameters<typeof nic>[0] = {}) =>
    counted(nic({ queues: 4, xps: true, ...more }), [0.1, 0.1, 50, 0.1]);
  const tunnel = (driver: string, state = 'unknown') => ({ ...veth({ name: `${driver}0` }), driver, state });
  const hashingPorts = (made: Nic): Nic => ({
    ...made,
    rss: made.rss && { ...made.rss, fields: { ...made.rss.fields, udp4: 'sdfn', udp6: 'sdfn' } },
  });
  const read = (port: number, ...packets: number[]) =>
    group({
      protocol: 'udp',
      port,
      workers: packets.map((each, cpu) => ({ cpu, more: { packets: each } })),
    });

  it.each(['gre', 'wireguard', 'ipip'])('has a tunnel of %s spread by its inner flows', (driver) => {
    const machine = host({ cpus: range(4), nics: [full(), tunnel(driver)] });
    const finding = found('flow-fills-queue', machine);
    expect(finding).toMatchObject({
      severity: 'warning',
      subject: 'eth0',
      fix: ['locality-tune xdp spread --iface eth0 --by inner --cpus 0-3'],
    });
    expect(finding?.message).toContain(`${driver}0 (${driver})`);
    // It takes the place of queue-load-uneven, and is silent once its command has run.
    expect(found('queue-load-uneven', machine)).toBeUndefined();
    const after = runFixes(machine, finding === undefined ? [] : [finding]);
    expect(found('flow-fills-queue', after)).toBeUndefined();
  });

  it('names the command for a port whose datagrams one worker reads', () => {
    const at = (port: number) =>
      found(
        'flow-fills-queue',
        host({ cpus: range(4), nics: [full()], groups: [read(port, 5, 980, 5, 10)] }),
      );
    expect(at(4000)).toMatchObject({ severity: 'warning', fix: [] });
    expect(at(4000)?.message).toMatch(
      /^rx-2 took 99\.4 % .*slot 1 .* read 98 % of 1000 datagrams.*`locality-tune xdp spread --iface eth0 --port 4000 --by payload:OFFSET:MASK --with-program`/,
    );
    expect(at(443)?.message).toContain('--port 443 --by quic --with-program` spreads QUIC');
  });

  it.each([
    ['no tunnel', host({ nics: [full()] })],
    ['a tunnel that is down', host({ nics: [full(), tunnel('gre', 'down')] })],
    ['VXLAN, hashed by ports', host({ nics: [hashingPorts(full()), tunnel('vxlan')] })],
    ['many peers', host({ nics: [full()], groups: [read(4000, 250, 250, 250, 250)] })],
    [
      'a queue that only has more than its share',
      host({ nics: [counted(nic({ queues: 4 }), [2, 2, 9, 2]), tunnel('gre')] }),
    ],
  ])('is silent with %s', (_, machine) => {
    expect(found('flow-fills-queue', machine)).toBeUndefined();
  });
});

describe('cpu-load-uneven', () => {
  const twice = host({ nics: [eight('eth2', 6, 53), eight('eth3', 6, 70)] });

  it('exchanges a busy queue for a quiet one of its NIC, where two of them meet', () => {
    const finding = found('cpu-load-uneven', twice);
    expect(finding).toMatchObject({ severity: 'warning', subject: 'CPU 6' });
    expect(finding?.message).toMatch(
      /^CPU 6 receives from eth2 rx-6, eth3 rx-6\. They took 41.7 % .* 3\.3 times a fair share/,
    );
    expect(finding?.fix).toEqual([
      'echo 0 > /proc/irq/59/smp_affinity_list',
      'echo 6 > /proc/irq/53/smp_affinity_list',
    ]);
    expect(findings(runFixes(twice, findings(twice))).filter(({ fix }) => fix.length > 0)).toEqual([]);
  });

  it('is one finding, however many CPUs have too much', () => {
    const hot = (name: string, firstIrq: number) =>
      counted(nic({ name, queues: 8, firstIrq, xps: true }), [1, 40, 1, 40, 1, 1, 1, 1]);
    const machine = host({ nics: [hot('eth2', 53), hot('eth3', 70)] });
    const all = findings(machine).filter(({ rule }) => rule === 'cpu-load-uneven');
    expect(all.map(({ subject }) => subject)).toEqual(['CPUs 1,3']);
    expect(all[0]?.message).toMatch(
      /^CPU 1 receives .* The same holds for CPU 3\. The commands move some of them/,
    );
    expect(findings(runFixes(machine, findings(machine))).filter(({ fix }) => fix.length > 0)).toEqual([]);
  });

  it('moves a queue to a CPU that receives nothing, as on a router of two single-queue NICs', () => {
    const single = (name: string, firstIrq: number) =>
      counted(nic({ name, firstIrq, irqCpus: [0], rps: null }), [10]);
    const router = host({ cpus: 4, nics: [single('wan', 30), single('lan', 31)] });
    const finding = found('cpu-load-uneven', router);
    expect(finding?.message).toMatch(/wan rx-0, lan rx-0\. .* The command moves a queue of wan to CPU 1,/);
    expect(finding?.fix).toEqual(['echo 1 > /proc/irq/30/smp_affinity_list']);
    const workers = group({ workers: pinned(0, 2) });
    expect(found('cpu-load-uneven', { ...router, groups: [workers] })?.fix).toEqual([
      'echo 2 > /proc/irq/30/smp_affinity_list',
    ]);
    const inThreads = router.nics.map((each, at) => ({
      ...each,
      threadedNapi: true,
      napiThreads: [{ pid: 9000 + at, comm: 'napi', napi: at, rx: [0], tx: [], cpus: [at] }],
    }));
    expect(found('cpu-load-uneven', { ...router, nics: inThreads })).toBeUndefined();
    // Threads that are not known are switched off before.
    const unknown = inThreads.map((each) => ({ ...each, napiThreads: [] }));
    expect(found('cpu-load-uneven', { ...router, nics: unknown })?.message).toMatch(
      /^After the other commands, CPU 0 receives from wan rx-0, lan rx-0\./,
    );
  });

  it('says so if only other commands bring busy queues together', () => {
    const made = counted(nic({ queues: 4, xps: true, irqCpus: [1, 2, 3, 7] }), [9, 1, 1, 9]);
    const four = host({ cpus: [1, 2, 3, 7], nics: [made] });
    const isolating = {
      ...four,
      machine: { ...four.machine, cpus: { ...four.machine.cpus, isolated: [7] } },
    };
    const all = findings(isolating);
    expect(all.find(({ rule }) => rule === 'cpu-load-uneven')?.message).toMatch(
      /^After the other commands, CPU 1 receives from eth0 rx-0, eth0 rx-3\./,
    );
    expect(findings(runFixes(isolating, all)).filter(({ fix }) => fix.length > 0)).toEqual([]);
  });

  it('leaves the queues of two NICs that have four CPUs of eight for themselves', () => {
    const even = (name: string, firstIrq: number) =>
      counted(nic({ name, queues: 4, firstIrq, xps: true }), [5.1, 4.9, 4.8, 5.2]);
    expect(found('cpu-load-uneven', host({ nics: [even('eth0', 30), even('eth1', 40)] }))).toBeUndefined();
  });

  it('leaves one busy queue where it is', () => {
    expect(found('cpu-load-uneven', host({ nics: [eight('eth2', 6, 53)] }))).toBeUndefined();
    expect(
      found('cpu-load-uneven', host({ nics: [eight('eth2', 6, 53), eight('eth3', 1, 70)] })),
    ).toBeUndefined();
  });
});

describe('rss-key-weak', () => {
  const keyed = (key: string, queues = 8, size = 128) => {
    const made = nic({
      queues,
      xps: true,
      rss: range(size).map((entry) => entry % queues),
      more: { driver: 'ice' },
    });
    return { ...made, rss: made.rss && { ...made.rss, key } };
  };
  const repeated = (pattern: string, bytes = 40) =>
    (
      pattern
        .repeat(bytes)
        .slice(0, 2 * bytes)
        .match(/../g) ?? []
    ).join(':');

  it.each([
    ['00', 1, 'all its bytes are 0'],
    ['ff', 2, 'it is too regular'],
    ['55', 4, 'it is too regular'],
  ])('finds a key of %s that reaches %i of 8 queues', (pattern, reached, why) => {
    const finding = found('rss-key-weak', host({ nics: [keyed(repeated(pattern))] }));
    expect(finding).toMatchObject({
      severity: 'info',
      subject: 'eth0',
      fix: [`ethtool -X eth0 hkey ${goodKey(40)}`],
    });
    expect(finding?.message).toContain(why);
    expect(finding?.message).toContain(`at most ${reached} queue${reached === 1 ? '' : 's'} of 8`);
  });

  it('is content with random keys, those for symmetric hashing, and those of other lengths that it proposes', () => {
    for (const key of [repeated('6d5a'), goodKey(40), goodKey(52), goodKey(64)])
      expect(keySpread(keyed(key, 64))).toMatchObject({ reached: 64, named: 64 });
  });

  it('is quick with the largest table that a snapshot may have', () => {
    const made = keyed(goodKey(40), 64);
    const indirection = range(65_536).map((entry) => entry % 64);
    const began = performance.now();
    expect(keySpread({ ...made, rss: made.rss && { ...made.rss, indirection } })?.reached).toBe(64);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('finds a key and a table of zeros together, and doubts them where all queues are busy', () => {
    const made = keyed(repeated('00'), 4);
    const zeros = { ...made, rss: made.rss && { ...made.rss, indirection: range(128).map(() => 0) } };
    const machine = host({ nics: [zeros] });
    const all = findings(machine);
    expect(all.map(({ rule }) => rule)).toEqual(['rss-table-incomplete', 'rss-key-weak']);
    expect(findings(runFixes(machine, all)).filter(({ fix }) => fix.length > 0)).toEqual([]);
    const busy = found('rss-key-weak', host({ nics: [counted(zeros, [4, 4, 4, 4])] }));
    expect(busy?.message).toContain('may not show the key that the NIC uses');
    const table = found('rss-table-incomplete', host({ nics: [counted(zeros, [4, 4, 4, 4])] }));
    expect(table?.message).toContain('may not show the table that the NIC uses');
    expect(found('rss-key-weak', host({ nics: [counted(zeros, [9, 0, 0, 0])] }))?.message).not.toContain(
      'may not',
    );
  });

  it('knows what symmetric-xor cancels', () => {
    const symmetric = (key: string) => {
      const made = keyed(key);
      return keySpread({ ...made, rss: made.rss && { ...made.rss, inputXfrm: 'symmetric-xor' } });
    };
    expect(symmetric(repeated('6d5a'))).toMatchObject({ reached: 1, named: 8 });
    expect(symmetric(goodKey(40))).toMatchObject({ reached: 8 });
  });

  it.each([
    ['mlx5_core', 'none', '55'],
    ['ena', 'none', '55'],
    ['ice', null, '55'],
  ])('does not judge a key of %s with input %s', (driver, inputXfrm, pattern) => {
    const made = keyed(repeated(pattern));
    expect(keySpread({ ...made, driver, rss: made.rss && { ...made.rss, inputXfrm } })).toBeNull();
  });

  it('counts what real hashes reach', () => {
    const key = fc.uint8Array({ minLength: 40, maxLength: 40 });
    const pattern = fc
      .uint8Array({ minLength: 1, maxLength: 2 })
      .map((some) => Uint8Array.from(range(40), (at) => some[at % some.length] ?? 0));
    fc.assert(
      fc.property(fc.oneof(key, pattern), (bytes) => {
        const made = keyed(
          Buffer.from(bytes)
            .toString('hex')
            .replace(/..(?=.)/g, '$&:'),
          8,
          16,
        );
        const hash = hasher(made);
        const queues = new Set<number>();
        for (let port = 1024; port < 65_536; port += 61) {
          const flow = parseFlow(
            'tcp',
            `10.${port & 255}.${(port >> 3) & 255}.${port >> 8}:${port}`,
            '192.0.2.1:443',
          );
          const [only] = typeof flow === 'string' ? [] : hash(flow).possible;
          if (only !== undefined) queues.add(made.rss?.indirection[only.hash & 15] ?? -1);
        }
        const spread = keySpread(made);
        expect(spread?.reached).toBeGreaterThanOrEqual(queues.size);
        if (spread?.reached === 8) expect(queues.size).toBeGreaterThan(4);
      }),
      { numRuns: 50 },
    );
  });
});

describe('tx-load-uneven', () => {
  it('finds XPS that has all CPUs send by one queue', () => {
    const made = nic({ queues: 4, xps: [range(8), [], [], []] });
    const machine = host({ nics: [made] });
    const all = findings(machine);
    expect(all.find(({ rule }) => rule === 'tx-load-uneven')).toMatchObject({
      fix: ['echo 1 > /sys/class/net/eth0/queues/tx-0/xps_cpus'],
    });
    expect(findings(runFixes(machine, all)).filter(({ fix }) => fix.length > 0)).toEqual([]);
    const first = found('tx-load-uneven', machine);
    expect(first?.message).toMatch(
      /tx-0\. Once XPS of the other queues is set, 81.3 % of the CPUs still use it/,
    );
  });

  it('also finds the queue that gets too much when another gives it up', () => {
    const machine = host({
      nics: [nic({ queues: 8, xps: [range(8), [1, 2, 3, 4], ...range(6).map((cpu) => [cpu + 2])] })],
    });
    const all = findings(machine);
    expect(all.find(({ rule }) => rule === 'tx-load-uneven')?.fix).toHaveLength(2);
    expect(findings(runFixes(machine, all)).filter(({ fix }) => fix.length > 0)).toEqual([]);
  });

  it('finds a TX queue with an interrupt of its own that takes it all, and says who chose it', () => {
    const made = nic({ queues: 4, more: { driver: 'mana' } });
    const tx = made.txQueues.map((queue) => ({ ...queue, irq: 80 + queue.index }));
    const irqs = tx.map((queue, at) => ({
      ...(made.irqs[at] as (typeof made.irqs)[0]),
      irq: queue.irq,
      role: 'tx' as const,
      counts: [at === 2 ? 5e6 : 1e5, 0, 0, 0, 0, 0, 0, 0],
    }));
    const machine = host({ nics: [{ ...made, txQueues: tx, irqs: [...made.irqs, ...irqs] }] });
    const finding = found('tx-load-uneven', machine);
    expect(finding?.message).toMatch(
      /^tx-2 took 94.3 % .* a fair share is 25 %\. mana chooses the tx queue itself/,
    );
    expect(finding?.fix).toEqual([]);
  });

  it.each([
    ['each CPU has its queue', nic({ queues: 8, xps: true })],
    ['XPS leaves it to a hash', nic({ queues: 4 })],
    ['the driver ignores XPS', nic({ queues: 4, xps: [range(8), [], [], []], more: { driver: 'mana' } })],
  ])('is content where %s', (_, each) => {
    expect(found('tx-load-uneven', host({ nics: [each] }))).toBeUndefined();
  });
});
