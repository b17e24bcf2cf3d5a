import { expect, it } from 'vitest';
import { units } from '../../scripts/package/units.ts';
import { NODE_OPTIONS, UNIT, unitText } from '../../src/watch/unit.ts';

const start = (text: string) => /^ExecStart=(.*)$/m.exec(text)?.[1];

it('gives its options to Node', () => {
  const text = unitText(['/usr/bin/node', '/opt/entry.js'], ['--repair', 'irq'], '/var/lib/locality-tune');
  expect(start(text)).toBe(`/usr/bin/node ${NODE_OPTIONS.join(' ')} /opt/entry.js watch --repair irq`);
});

it('of a package names only the launcher, which gives them to Node itself', () => {
  expect(start(units('/usr/bin/locality-tune').get(UNIT) ?? '')).toBe('/usr/bin/locality-tune watch');
});
