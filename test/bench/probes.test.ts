import { describe, expect, it } from 'vitest';
import { hooksOf } from '../../src/measure/capabilities.ts';
import { ANY } from '../../src/measure/filter.ts';
import { skbVariants } from '../../src/measure/skb-question.ts';
import { emptied, mapPort } from './probes/programs.ts';

const bpftrace = { major: 0, minor: 23 };
const variants = skbVariants(ANY, 1, { by: 'use', toDriver: true }, { bpftrace, btf: null });

describe('what our probe is measured against', () => {
  it.each(variants)('$name: the same hooks, which do nothing', ({ program }) => {
    const empty = emptied(program);
    expect(hooksOf(empty)).toEqual(hooksOf(program));
    expect(hooksOf(empty).length).toBeGreaterThan(2);
    for (const line of empty.split('\n').slice(1, -2)) expect(line).toMatch(/ \{\}$/);
  });

  it.each(variants)(
    '$name: a map port that looks at every packet where it is allocated and where it is freed',
    ({ name }) => {
      const port = mapPort(name);
      expect(hooksOf(port).length).toBeGreaterThan(2);
      expect(port).toMatch(/^\t@cpus\[.*\] = cpu \+ 1;$/m);
      expect(port).toContain('delete(@cpus[');
    },
  );
});
