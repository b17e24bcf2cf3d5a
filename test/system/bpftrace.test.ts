import { expect, it } from 'vitest';
import { afterOptions } from '../../src/system/bpftrace.ts';

it('takes no parameter of a script for an option: anybody may name a thread -e, or --unsafe', () => {
  expect(afterOptions([])).toEqual([]);
  expect(afterOptions(['-e', '-c id', '8080'])).toEqual(['--', '-e', '-c id', '8080']);
  for (const name of ['--', '--unsafe', '--include=/tmp/x'])
    expect(() => afterOptions(['1', name])).toThrow(`would read '${name}' as an option`);
});
