import { expect, it } from 'vitest';
import { remedy } from '../../../src/cli/inspect/inspect-run.ts';
import { group, host, pinned } from '../../fixtures/hosts.ts';

const taken = { from: 'snapshot.json', slots: true };
const groups = [group({ workers: pinned(0, 1) })];

it("does not say of a root's snapshot that root would see more", () => {
  expect(remedy(taken, host({ groups }))).toBeNull();
});

it('says so of one that lacks processes, slots or every socket', () => {
  const hidden =
    '3 processes could not be read, so some workers may be missing (run as root, with CAP_SYS_PTRACE)';
  const unread = group({ workers: pinned(0, 1), more: { selection: null } });
  for (const machine of [host({ groups, more: { notes: [hidden] } }), host({ groups: [unread] }), host()])
    expect(remedy(taken, machine)).toContain('One that root takes');
});
