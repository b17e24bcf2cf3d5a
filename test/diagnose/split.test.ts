import { describe, expect, it } from 'vitest';
import type { Group } from '../../src/host/types.ts';
import { group, host, nic, owner, range } from '../fixtures/hosts.ts';
import { findings, found } from './view.ts';

/** `connected` of each socket of each kernel group of one port, the group that takes new flows first. */
function split(groups: readonly (readonly boolean[])[], newFlows: boolean | null = true): readonly Group[] {
  return groups.map((sockets, at) =>
    group({
      protocol: 'udp',
      port: 4433,
      workers: sockets.map((connected, slot) => ({
        cpu: at,
        more: {
          inode: 100 * at + slot,
          connected,
          owners: [owner([at], { pid: 10 * at + 1000, tid: 10 * at + 1000, comm: 'relay' })],
        },
      })),
      more: {
        id: `udp 0.0.0.0:4433${at === 0 ? '' : ` group ${at + 1}`}`,
        kernelGroups: groups.length,
        newFlows: newFlows === null ? null : at === 0,
      },
    }),
  );
}

const machine = (groups: readonly Group[]) => host({ nics: [nic({ queues: 4, xps: true })], groups });

describe('group-split', () => {
  it('says which worker takes every new flow, and how to open the sockets', () => {
    const finding = found('group-split', machine(split([[false, true], [false, true], [false]])));
    expect(finding).toMatchObject({ severity: 'error', subject: 'udp 0.0.0.0:4433', fix: [] });
    expect(finding?.message).toMatch(
      /into 3 groups.* to the socket of relay 1000, and none to 2 other sockets \(relay 1010, relay 1020\)\. Open the unconnected/,
    );
  });

  it('counts where several take new flows, and admits what is not known', () => {
    const several = found('group-split', machine(split([[false, false], [false]])));
    expect(several?.message).toContain('to 2 sockets of relay 1000');
    const unknown = found('group-split', machine(split([[false], [false]], null)));
    expect(unknown).toMatchObject({ severity: 'warning' });
    expect(unknown?.message).toContain('which one is not known');
  });

  it.each([
    ['one group', split([[false, false]])],
    [
      'groups of clients beside it',
      split([
        [false, false],
        [true, true],
      ]),
    ],
  ])('is content with %s', (_, groups) => {
    expect(found('group-split', machine(groups))).toBeUndefined();
  });

  it('leaves the other rules nothing to say of a group without new flows', () => {
    const groups = split([range(4).map(() => false), range(4).map(() => false)]);
    const about = findings(machine(groups)).filter(({ subject }) => subject.includes('group 2'));
    expect(about).toEqual([]);
  });
});
