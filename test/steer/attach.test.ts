import { expect, it } from 'vitest';
import { tellChanged } from '../../src/steer/attach.ts';
import { failure } from '../../src/system/errors.ts';

it('names the groups that were changed before one failed', () => {
  const hung = failure('kernel-hung', 'the kernel did not answer', 'reboot');
  expect(tellChanged(hung, [])).toBe(hung);
  expect(tellChanged(hung, ['tcp 0.0.0.0:80', 'tcp [::]:80'])).toMatchObject({
    code: 'kernel-hung',
    message: 'the kernel did not answer (changed already: tcp 0.0.0.0:80, tcp [::]:80)',
    hint: 'reboot',
  });
  const bug = new TypeError('x');
  expect(tellChanged(bug, ['tcp 0.0.0.0:80'])).toBe(bug);
});
