/** The one line of `watch --once`, and what it makes of servers that were stopped. */
import { describe, expect, it } from 'vitest';
import { checkLine, verdictOf } from '../../src/report/watch.ts';
import { fromHost } from '../../src/watch/baseline.ts';
import { observe } from '../../src/watch/observe.ts';
import { countsOf } from '../../src/watch/summary.ts';
import { group, host, nic, pinned } from '../fixtures/hosts.ts';

const both = host({
  cpus: 2,
  nics: [nic({ queues: 2, xps: true })],
  groups: [
    group({ port: 8080, workers: pinned(0, 1), program: 'cpu' }),
    group({ port: 8081, workers: pinned(0, 1) }),
  ],
});
const [web, other] = both.groups;
if (web === undefined || other === undefined) throw new Error('no groups');
const baselineOf = (machine: typeof both) => fromHost(machine, { ifaces: [], ports: [] }, 'then');
const baseline = baselineOf(both);
const lineOf = (now: typeof both, wanted = baseline) => {
  const seen = observe(now, wanted);
  return [verdictOf(seen), checkLine(seen, wanted)];
};

describe('a server that was stopped', () => {
  it('leaves the rest as planned, and is named', () => {
    const [verdict, line] = lineOf({ ...both, groups: [other] });
    expect(verdict).toBe('as planned');
    expect(line).toMatch(
      /^locality-tune OK: \d+ settings and 1 group as planned; no server runs on tcp 0\.0\.0\.0:8080 \| settings=\d+ drift=0 unknown=0 ended=3$/,
    );
  });

  it('hides no drift', () => {
    const [eth0] = both.nics;
    const [first, ...queues] = eth0?.txQueues ?? [];
    if (eth0 === undefined || first === undefined) throw new Error('no queues');
    const drifted = { ...eth0, txQueues: [{ ...first, xpsCpus: [1] }, ...queues] };
    const [verdict, line] = lineOf({ ...both, nics: [drifted], groups: [] });
    expect(verdict).toBe('drift');
    expect(line).toMatch(
      /^locality-tune WARNING: 1 of \d+ settings drifted: eth0 tx-0 xps_cpus is 2, not 1; no server runs on /,
    );
  });

  it('of whom alone something was applied leaves nothing to compare', () => {
    const alone = { ...both, nics: [], groups: [web] };
    expect(lineOf({ ...alone, groups: [] }, baselineOf(alone))).toEqual([
      'unknown',
      'locality-tune UNKNOWN: nothing to compare now; no server runs on tcp 0.0.0.0:8080 | settings=0 drift=0 unknown=0 ended=3',
    ]);
  });

  it('is not one that opens its address without SO_REUSEPORT', () => {
    const { protocol, address, port, device } = web;
    const without = {
      protocol,
      address,
      port,
      device,
      id: web.id,
      inode: 1,
      owners: [],
      processes: 1,
      recvQueue: 0,
      drops: 0,
    };
    const [verdict, line] = lineOf({ ...both, groups: [other], lone: [without] });
    expect(verdict).toBe('unknown');
    expect(line).toContain('cannot tell: tcp 0.0.0.0:8080 slot 0 worker is not there');
    expect(countsOf(observe({ ...both, groups: [other] }, baseline)).stopped).toEqual([web.id]);
  });
});

it('an eBPF program that was taken off or replaced has drifted', () => {
  const program = { kind: 'ebpf', name: 'quic_steer', asm: null, instructions: null } as const;
  const steered = { ...both, nics: [], groups: [{ ...web, program }] };
  const wanted = baselineOf(steered);
  const is = (now: Partial<typeof web>) =>
    observe({ ...steered, groups: [{ ...web, ...now }] } as typeof both, wanted).settings.get(
      `${web.id} eBPF program`,
    );
  expect(is({ program: null, selection: 'hash' })).toMatchObject({ state: 'drifted', is: 'none' });
  expect(is({})).toMatchObject({ state: 'drifted', is: 'cpu' });
  expect(is({ program: null, selection: null })).toMatchObject({ state: 'unknown', is: null });
});
