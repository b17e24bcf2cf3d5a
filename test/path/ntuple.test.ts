import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NtupleRule, Rss } from '../../src/host/types.ts';
import { expectedLocality } from '../../src/path/expected.ts';
import { arrivalsOf, explain } from '../../src/path/explain.ts';
import { walker } from '../../src/path/explain-walk.ts';
import { parseFlow } from '../../src/path/flow.ts';
import { matchText, ownedQueues, ruleText, takingFlow, takingGroup } from '../../src/path/ntuple.ts';
import { sharesOf } from '../../src/path/shares.ts';
import { loadsByTable } from '../../src/what-if/load.ts';
import { findings } from '../diagnose/view.ts';
import { type GroupFacts, group, host, nic, pinned, range } from '../fixtures/hosts.ts';

const KEY =
  '6d:5a:56:da:25:5b:0e:c2:41:67:25:3d:43:a3:8f:b0:d0:ca:2b:cb:ae:7b:30:b4:77:cb:2d:a3:80:30:f2:0c:6a:42:b7:3b:be:ac:01:fa';

const rule = (more: Partial<NtupleRule> = {}): NtupleRule => ({
  location: 5,
  flow: 'tcp4',
  source: null,
  destination: null,
  sourcePort: null,
  destinationPort: null,
  protocol: null,
  partial: false,
  action: 'queue',
  queue: 3,
  context: null,
  ...more,
});
const toPort = (port: number, more: Partial<NtupleRule> = {}) =>
  rule({ destinationPort: { value: port, mask: 0xffff }, ...more });
const inContext = { action: 'context', queue: 0, context: 1 } as const;

/** Eight queues, the main table over the first four; context 1 has the others. */
function steered(rules: readonly NtupleRule[] | null, more: Partial<Rss> = {}) {
  const eth0 = nic({ queues: 8, rss: range(128).map((entry) => entry % 4), xps: true });
  const tables = [
    { context: 1, hashFunction: null, key: null, indirection: range(64).map((entry) => 4 + (entry % 4)) },
  ];
  const rss = eth0.rss && {
    ...eth0.rss,
    key: KEY,
    contexts: [1],
    contextTables: tables,
    rules,
    ntupleRules: rules?.length ?? 2,
    ...more,
  };
  return { ...eth0, rss };
}

const expected = (rules: readonly NtupleRule[], of: GroupFacts, more: Partial<Rss> = {}) =>
  expectedLocality(host({ nics: [steered(rules, more)], groups: [group(of)] }))[0] ??
  expect.fail('nothing was joined');

function explained(
  rules: readonly NtupleRule[] | null,
  more: Partial<Rss> = {},
  text = 'tcp 66.9.149.187:2794 161.142.100.80:8080',
) {
  const of = host({
    nics: [steered(rules, more)],
    groups: [group({ workers: pinned(...range(8)), program: 'cpu' })],
  });
  const [protocol = '', source = '', destination = ''] = text.split(' ');
  const flow = parseFlow(protocol, source, destination);
  if (typeof flow === 'string') return expect.fail(flow);
  const arrivals = arrivalsOf(of, flow, null);
  if ('names' in arrivals) return expect.fail(`which of ${arrivals.names}?`);
  const [found] = explain(walker(of), flow, arrivals);
  if (found === undefined) return expect.fail('nothing was explained');
  const step = (what: string) => found.steps.find((each) => each.what === what);
  return { ...found, step };
}

describe('a flow', () => {
  it('goes to the queue of the rule that matches it', () => {
    const found = explained([toPort(9999, { location: 1, queue: 1 }), toPort(8080)]);
    expect(found).toMatchObject({
      queue: 3,
      irq: 35,
      cpu: 3,
      slot: 3,
      localShare: 1,
      hash: null,
      table: null,
    });
    expect(found.step('ntuple rule')).toMatchObject({ value: 5, why: 'tcp4 to port 8080: to rx-3' });
    expect(found.step('rx queue')?.why).toBe('of ntuple rule 5, before the RSS table');
    expect(found.steps.map(({ what }) => what)).not.toContain('hash');
  });

  it('goes by the table and the key of the context that the rule names', () => {
    // Of Microsoft's verification suite; the main table has another key.
    const contextTables = [{ context: 1, hashFunction: null, key: KEY, indirection: range(64).reverse() }];
    const found = explained(
      [toPort(1766, inContext)],
      { key: KEY.replace('6d', '00'), contextTables },
      'tcp 66.9.149.187:2794 161.142.100.80:1766',
    );
    expect(found).toMatchObject({ hash: 0x51ccc178, table: { entry: 0x38, size: 64 }, queue: 7 });
    expect(found.step('ntuple rule')?.why).toBe('tcp4 to port 1766: by the table of RSS context 1');
    const further = explained([toPort(8080, { ...inContext, queue: 2 })], {
      contextTables: [{ context: 1, hashFunction: null, key: null, indirection: [0, 0] }],
    });
    expect(further.queue).toBe(2);
    const unknown = explained([toPort(8080, inContext)], { contextTables: null });
    expect(unknown).toMatchObject({ queue: null, cpu: null });
    expect(unknown.step('rx queue')?.why).toBe(
      'ntuple rule 5 leads to RSS context 1, whose table is not known',
    );
  });

  it('of which a rule compares more than is known is not decided, and says which rule', () => {
    const found = explained([toPort(8080, { partial: true })]);
    expect(found).toMatchObject({ queue: null, localShare: null });
    expect(found.step('ntuple rule')).toMatchObject({
      value: null,
      why: 'rule 5 may match: tcp4 to port 8080 and more: to rx-3',
    });
    expect(found.step('CPU')?.why).toMatch(/^ntuple rule 5 may take it/);
  });

  it('that a rule drops gets nowhere, and one that none matches goes by the main table', () => {
    expect(explained([toPort(8080, { action: 'drop', queue: null })]).step('rx queue')).toMatchObject({
      value: null,
      why: 'ntuple rule 5 drops the packets',
    });
    const other = explained([toPort(9999)]);
    expect(other.queue).toBe((other.hash ?? 0) & 3);
    expect(other.step('rx queue')?.why).toMatch(/^of entry \d+$/);
    expect(explained(null).step('rx queue')?.why).toMatch(/unless one of 2 ntuple rules matches/);
  });

  it('is IP, so rules for PTP and the like leave it alone', () => {
    const flowOf = (flow: string, more: Partial<NtupleRule> = {}) => explained([rule({ flow, ...more })]);
    expect(flowOf('ether 0x88f7', { partial: true }).step('ntuple rule')).toBeUndefined();
    expect(flowOf('ether 0x0800').queue).toBe(3);
    expect(flowOf('ether 0x0800', { partial: true }).queue).toBeNull();
    expect(flowOf('ether', { partial: true }).queue).toBeNull();
    expect(flowOf('type 9', { partial: true }).queue).toBeNull();
  });

  it('is compared as the masks say', () => {
    const byte = fc.nat(255);
    const address = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
    const number = (text: string) => text.split('.').reduce((sum, each) => sum * 256 + Number(each), 0);
    const port = fc.nat(0xffff);
    fc.assert(
      fc.property(
        fc.record({ source: address, value: address, mask: address, port, portValue: port, portMask: port }),
        ({ source, value, mask, port: from, portValue, portMask }) => {
          const flow = parseFlow('tcp', `${source}:${from}`, '192.0.2.1:80');
          if (typeof flow === 'string') return expect.fail(flow);
          const asked = rule({ source: { value, mask }, sourcePort: { value: portValue, mask: portMask } });
          const { rss } = steered([asked]);
          const masked = (number(source) & number(mask)) === (number(value) & number(mask));
          const matches = masked && (from & portMask) === (portValue & portMask);
          expect(takingFlow(rss, flow).rule !== null).toBe(matches);
        },
      ),
    );
  });
});

describe('a group', () => {
  it('that a rule sends to a queue or a context gets only that one’s queues', () => {
    const workers = pinned(...range(8));
    expect(expected([toPort(8080)], { workers })).toMatchObject({ now: 1 / 8, cpu: 1, busiest: 1 / 8 });
    expect(expected([toPort(8080)], { workers, program: 'cpu' })).toMatchObject({
      now: 1,
      busiest: 1,
      notes: ['ntuple rule 5 takes all flows to this port, to rx-3'],
    });
    const onFour = pinned(4, 5, 6, 7);
    expect(expected([toPort(8080, inContext)], { workers: onFour, program: 'cpu' })).toMatchObject({
      now: 1,
      busiest: 0.25,
      notes: ['ntuple rule 5 takes all flows to this port, by the table of RSS context 1'],
    });
    expect(expected([], { workers: onFour, program: 'cpu' })).toMatchObject({ now: 0, notes: [] });
  });

  it('of which a rule takes a part says so', () => {
    const some = toPort(8080, { source: { value: '192.0.2.0', mask: '255.255.255.0' } });
    expect(expected([some], { workers: pinned(0) }).notes).toEqual([
      'ntuple rule 5 may take some of its flows (to rx-3), which are not counted',
    ]);
    expect(expected([toPort(8080, inContext)], { workers: pinned(0) }, { contextTables: [] })).toMatchObject({
      now: null,
      notes: [expect.stringMatching(/by the table of RSS context 1, which is not known$/)],
    });
  });

  it('on any address of both families needs a rule for each', () => {
    const both = group({ address: '::', workers: pinned(0) });
    const four = toPort(8080);
    const six = toPort(8080, { flow: 'tcp6', location: 6 });
    const shares = (rules: readonly NtupleRule[]) => sharesOf(steered(rules), both);
    expect([...shares([four, six]).ofQueue]).toEqual([[3, 1]]);
    expect(shares([four, six]).notes).toHaveLength(1);
    expect(shares([four]).notes.at(-1)).toMatch(/IPv4 and IPv6 differently/);
    expect(takingGroup(steered([four]).rss, both).map(({ rule: taken }) => taken?.location)).toEqual([
      undefined,
      5,
    ]);
  });

  it('counts only those CPUs as receiving, and shares the load of a what-if among those queues', () => {
    const machine = (rules: readonly NtupleRule[]) =>
      host({ nics: [steered(rules)], groups: [group({ workers: pinned(4, 5, 6, 7) })] });
    const message = (rules: readonly NtupleRule[]) =>
      findings(machine(rules)).find((each) => each.rule === 'hash-selection')?.message;
    expect(message([toPort(8080, inContext)])).toContain('100 % with `cpu`');
    const [load] = loadsByTable(machine([toPort(8080, inContext)]));
    expect(load?.queues.map(({ share }) => share)).toEqual([0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25]);
    expect(load?.cpus.map(({ cpu }) => cpu)).toEqual([4, 5, 6, 7]);
  });
});

describe('queues', () => {
  it('belong to the rules and contexts that name them', () => {
    const owned = (rules: readonly NtupleRule[] | null) => [...ownedQueues(steered(rules))];
    expect(owned([toPort(8080)])).toEqual([
      [3, 'rule 5'],
      ...[4, 5, 6, 7].map((queue) => [queue, 'RSS context 1']),
    ]);
    expect(
      owned([rule({ queue: 99 }), rule({ action: 'drop', queue: null })]).map(([queue]) => queue),
    ).toEqual([4, 5, 6, 7]);
  });
});

it('rules that the driver counts and does not list are not taken for none', () => {
  for (const rules of [[], [toPort(9999)]]) {
    const more = { ntupleRules: rules.length + 1 };
    expect(explained(rules, more).step('rx queue')?.why).toMatch(/unless one of 1 ntuple rules matches/);
    expect(expected(rules, { workers: pinned(0) }, more).notes).toContain(
      '1 ntuple rules override the RSS table',
    );
  }
});

it('no finding moves the IRQ of a queue that a rule uses', () => {
  const crowded = steered([toPort(8080)]);
  const nics = [
    {
      ...crowded,
      irqs: crowded.irqs.map((each) => ({ ...each, affinity: [0], effective: [0] })),
      rxQueues: crowded.rxQueues.map((queue) => ({ ...queue, cpus: [0] })),
      rss: crowded.rss && { ...crowded.rss, contexts: [], contextTables: [] },
    },
  ];
  const fixes = findings(host({ nics })).flatMap(({ rule: name, fix }) =>
    name === 'irqs-share-cpu' ? fix : [],
  );
  expect(fixes.length).toBeGreaterThan(3);
  // IRQ 35 is that of rx-3.
  expect(fixes.join('\n')).not.toContain('/irq/35/');
});

it('a rule reads as ethtool’s words', () => {
  expect(
    ruleText(
      toPort(443, {
        source: { value: '192.0.2.0', mask: '255.255.255.0' },
        destination: { value: '2001:db8::1', mask: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
        sourcePort: { value: 16, mask: 0xfff0 },
      }),
    ),
  ).toBe('rule 5: tcp4 from 192.0.2.0/255.255.255.0 port 16/0xfff0 to 2001:db8::1 port 443, to rx-3');
  expect(matchText(rule({ flow: 'ip4', protocol: { value: 6, mask: 255 }, partial: true }))).toBe(
    'ip4 protocol 6 and more',
  );
});
