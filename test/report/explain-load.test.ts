import { expect, it } from 'vitest';
import { comparisonLines } from '../../src/report/explain-load.ts';
import { paint } from '../../src/report/style.ts';
import { loadsByTable } from '../../src/what-if/load.ts';
import { group, host, nic, pinned, veth } from '../fixtures/hosts.ts';

const layout = { color: false, rules: false, unicode: true, columns: 100, all: false };

it('names the entries of a table, and of a veth, which has none, the senders', () => {
  const titleOf = (port: ReturnType<typeof nic>) => {
    const machine = host({ cpus: 2, nics: [port], groups: [group({ workers: pinned(0, 1) })] });
    const lines = comparisonLines(
      { with: [], before: loadsByTable(machine), after: null, notes: [] },
      layout,
    );
    return lines.map((line) => paint(line, layout)).find((line) => line.startsWith('eth0'));
  };
  expect(titleOf(nic({ queues: 2 }))).toBe('eth0 to tcp 0.0.0.0:8080, 128 table entries');
  expect(titleOf(veth({ queues: 2 }))).toBe('eth0 to tcp 0.0.0.0:8080, from any CPU');
});
