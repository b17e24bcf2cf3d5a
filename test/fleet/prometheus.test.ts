import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machinesOf, parseAnswer, queries, type Sample } from '../../src/fleet/prometheus.ts';

const sample = (name: string, value: number, labels: Record<string, string> = {}): Sample => ({
  labels: { __name__: `locality_tune_${name}`, job: 'edge', instance: 'web-1:9884', ...labels },
  value,
});
const GROUP = { group: 'tcp 0.0.0.0:443' };

const state = [
  sample('build_info', 1, { version: '0.1.0' }),
  sample('device_queues', 8, { device: 'eth0', direction: 'rx' }),
  sample('group_info', 1, { ...GROUP, port: '443', protocol: 'tcp', selection: 'hash' }),
  sample('group_sockets', 4, GROUP),
  sample('program_info', 1, { ...GROUP, program: 'none' }),
  sample('expected_locality_ratio', 0.25, { ...GROUP, device: 'eth0', port: '443' }),
  sample('expected_locality_ratio', 0.5, { ...GROUP, device: 'eth1', port: '443' }),
  sample('findings', 2, { rule: 'hash-selection', severity: 'warning' }),
  sample('findings', 1, { rule: 'hash-selection', severity: 'info' }),
  sample('findings', 0, { rule: 'slot-unserved', severity: 'error' }),
];
const ask = (more: readonly Sample[] = [], measured: readonly Sample[] = []) =>
  machinesOf({ state: [...state, ...more], measured, interrupts: [] });

describe('machines of metrics', () => {
  it('are one for each target, with what the metrics say', () => {
    const [machine, ...others] = ask();
    expect(others).toEqual([]);
    expect(machine).toEqual({
      host: 'web-1:9884',
      source: 'edge/web-1:9884',
      time: null,
      role: ['tcp 443'],
      expected: 0.25,
      group: 'tcp 0.0.0.0:443',
      measured: null,
      drift: null,
      findings: { 'hash-selection': 3 },
      severities: { error: 0, warning: 2, info: 1 },
      severityOf: { 'hash-selection': 'warning' },
      traits: {
        'locality-tune': '0.1.0',
        'eth0 RX queues': '8',
        'tcp 443 sockets': '4',
        'tcp 443 program': 'none',
      },
    });
  });

  it('have drift only if a watcher runs, and a measured share only of packets', () => {
    const drift = sample('drift', 2, { kind: 'rps', device: 'eth0' });
    expect(ask([drift])[0]?.drift).toBeNull();
    expect(ask([drift, sample('watchers', 1)])[0]?.drift).toBe(2);
    const packets = (local: string, value: number): Sample => ({
      labels: { job: 'edge', instance: 'web-1:9884', local },
      value,
    });
    expect(ask([], [packets('true', 30), packets('false', 10)])[0]?.measured).toBe(0.75);
    expect(ask([], [packets('true', 0), packets('false', 0)])[0]?.measured).toBeNull();
  });
});

describe('an answer', () => {
  it('leave out what is no number', () => {
    const result = ['1', 'NaN', '+Inf', ''].map((value) => ({ metric: {}, value: [0, value] }));
    const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
    expect(parseAnswer(body).map(({ value }) => value)).toEqual([1]);
  });

  it('is refused with the words of the server, or because it is none', () => {
    expect(() => parseAnswer('{"status":"error","error":"parse error: x"}')).toThrow('parse error: x');
    for (const body of [
      '',
      '<html>',
      '[]',
      '{"status":"success","data":{"resultType":"matrix","result":[]}}',
    ])
      expect(() => parseAnswer(body)).toThrow('the answer is not that of a Prometheus API');
  });

  it('throws nothing but failures, whatever the server sends', () => {
    fc.assert(
      fc.property(fc.json(), fc.jsonValue(), (json, result) => {
        for (const body of [json, JSON.stringify({ data: { resultType: 'vector', result: [result] } })])
          try {
            parseAnswer(body);
          } catch (error) {
            expect(error).toHaveProperty('hint');
          }
      }),
      { seed: 20_261_130 },
    );
  });
});

describe('queries', () => {
  it('take the labels as they are, and none', () => {
    expect(queries('', '15m').state).toMatch(/^\{__name__=~"locality_tune_\([a-z_|]+\)"\}$/);
    expect(queries('job="edge"', '1h').measured).toContain('{direction="rx",job="edge"}[1h]');
  });
});
