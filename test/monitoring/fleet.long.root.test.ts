/** Three exporters into a real Prometheus and a real VictoriaMetrics: every expression runs, and one query names the odd host. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fleet as Answer } from '../../src/fleet/types.ts';
import { assertBpfAnswers } from '../integration/bpf.ts';
import { cli, cliBehind } from '../integration/cli.ts';
import { until } from '../integration/servers.ts';
import { type Engine, type Fleet, MACHINES, openFleet } from './engines.ts';
import { expressions } from './expressions.ts';

const PORT = 28_553;
const ENGINES: readonly Engine[] = ['prometheus', 'victoriametrics'];
const [a, odd, c] = MACHINES;

interface Vector {
  readonly status: string;
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

let fleet: Fleet;
const query = (engine: Engine, expr: string) => fleet.query(engine, expr) as Vector;
const known = (engine: Engine, expr: string): number => {
  try {
    return query(engine, expr).data.result.length;
  } catch {
    return 0; // It does not answer yet.
  }
};

beforeAll(async () => {
  await assertBpfAnswers();
  fleet = await openFleet(PORT, async () => {
    for (const machine of [a, c]) {
      const { code, stderr } = await cli(
        'attach',
        '--netns',
        machine?.name ?? '',
        '--port',
        String(PORT),
        '--udp',
        '--yes',
      );
      expect([code, stderr]).toEqual([0, expect.anything()]);
    }
  });
  for (const engine of ENGINES)
    await until(
      () => known(engine, 'instance:locality_tune_expected_locality:min') === MACHINES.length,
      `${engine} with three machines`,
      120,
    );
}, 300_000);
afterAll(() => fleet?.end());

describe.each(ENGINES)('%s', (engine) => {
  it('evaluates every expression of the rules and the dashboard', () => {
    for (const expr of expressions(odd?.target))
      expect(query(engine, expr), expr).toMatchObject({ status: 'success' });
  });

  it('names the host that was not tuned, in one query', () => {
    const { data } = query(engine, 'bottomk(1, instance:locality_tune_expected_locality:min)');
    expect(data.result.map(({ metric, value }) => [metric['instance'], Number(value[1])])).toEqual([
      [odd?.target, 0.5],
    ]);
  });

  it('is a fleet for `fleet --prometheus`: the odd one first, and in what it differs', async () => {
    const { code, stdout, stderr } = await cliBehind(
      fleet.inside(),
      'fleet',
      '--prometheus',
      fleet.base(engine),
      '-j',
    );
    expect([code, stderr]).toEqual([0, '']);
    const { hosts }: Answer = JSON.parse(stdout);
    expect(hosts.map(({ host }) => host)[0]).toBe(odd?.target);
    expect(hosts.map(({ expected }) => expected)).toEqual([0.5, 1, 1]);
    expect(hosts[0]?.role).toEqual([`udp ${PORT}`]);
    expect(hosts[0]?.differs).toContainEqual({
      trait: `udp ${PORT} program`,
      value: 'none',
      peers: 'cpu',
      agree: 2,
      of: 2,
    });
    expect(hosts.slice(1).flatMap(({ differs }) => differs)).toEqual([]);
  });

  it('has its own words for a query that is wrong, and for targets that do not exist', async () => {
    const ask = (...args: string[]) =>
      cliBehind(fleet.inside(), 'fleet', '--prometheus', fleet.base(engine), ...args);
    expect(await ask('--match', 'job=')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^locality-tune: --prometheus .*; check --match/),
    });
    expect(await ask('--match', 'job="none"')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it has no metrics of locality-tune with job="none"'),
    });
  });
});
