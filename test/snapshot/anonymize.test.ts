import { describe, expect, it } from 'vitest';
import { expectedLocality } from '../../src/path/expected.ts';
import { joinPaths } from '../../src/path/join.ts';
import { anonymize } from '../../src/snapshot/anonymize.ts';
import { SCHEMA, type Snapshot } from '../../src/snapshot/types.ts';
import { group, host, nic, owner, pinned } from '../fixtures/hosts.ts';

const secret = new Uint8Array(32);
const key = Array.from({ length: 40 }, () => '6d').join(':');
const ported = nic({ name: 'eth0', queues: 4 });
const withKey = (name: string) => ({ ...ported, name, rss: ported.rss && { ...ported.rss, key } });
const unit = 'tunnel@203.0.113.9.service';
const web = { runtime: 'lxc', id: 'web-07', pod: null, podName: null };
const tunnel = owner([0], { unit, container: { ...web, name: 'web-07' } });
const workers = [{ cpu: 0, more: { owners: [tunnel] } }, ...pinned(1, 2, 3)];
const of = (address: string, port = 80) => group({ address, port, workers });

const machine = host({
  cpus: 4,
  nics: [withKey('eth0'), { ...withKey('eth1'), notes: ['web-07 answers on 203.0.113.9:80'] }],
  groups: [of('0.0.0.0'), of('203.0.113.9'), of('203.0.113.9', 81), of('203.0.113.90'), of('127.0.0.1')]
    .concat([
      of('fe80::5054:ff:fe12:3456'),
      of('::ffff:203.0.113.9'),
      of('::ffff:127.0.0.1'),
      of('::1'),
      of('::'),
    ])
    .map((each) => ({ ...each, notes: [`web-07, not web-070: ${each.id} of 0000:00:03.0`] })),
  more: { notes: ['web-07: tcp [fe80::5054:ff:fe12:3456]:80, 203.0.113.90.'] },
});
const named = { ...machine, machine: { ...machine.machine, hostname: 'web-07' } };
const snapshot: Snapshot = {
  schema: SCHEMA,
  version: '0.1.0',
  time: null,
  anonymized: false,
  host: named,
  counters: null,
};

describe('an anonymised snapshot', () => {
  const { host: after, anonymized } = anonymize(snapshot, secret);
  const text = JSON.stringify(after);

  it('holds neither host name, nor addresses, nor keys', () => {
    expect(anonymized).toBe(true);
    expect(after.machine.hostname).toMatch(/^host-[0-9a-f]{8}$/);
    for (const hidden of ['web-07"', '203.0.113', 'fe80', '5054', '6d:6d'])
      expect(text).not.toContain(hidden);
    expect(text).toContain('tunnel@198.18.0.1.service');
    expect(text).toContain('0000:00:03.0');
    expect(text).toContain('not web-070');
  });

  it('keeps equal things equal, and everything that decides how packets arrive', () => {
    expect(after.groups.map(({ id }) => id)).toEqual([
      'tcp 0.0.0.0:80',
      'tcp 198.18.0.1:80',
      'tcp 198.18.0.1:81',
      'tcp 198.18.0.2:80',
      'tcp 127.0.0.1:80',
      'tcp [2001:db8::1]:80',
      'tcp [::ffff:198.18.0.1]:80',
      'tcp [::ffff:127.0.0.1]:80',
      'tcp [::1]:80',
      'tcp [::]:80',
    ]);
    for (const { id, address, notes } of after.groups) {
      expect(id).toContain(address);
      expect(notes[0]).toContain(`: ${id} of`);
    }
    expect(after.notes[0]).toBe(`${after.machine.hostname}: tcp [2001:db8::1]:80, 198.18.0.2.`);
    expect(joinPaths(after).map(({ localShare }) => localShare)).toEqual(
      joinPaths(named).map(({ localShare }) => localShare),
    );
    expect(expectedLocality(after).map(({ now }) => now)).toEqual(
      expectedLocality(named).map(({ now }) => now),
    );
  });

  it('has no key, so that no flow is put on a wrong queue, and says which keys were equal', () => {
    expect(after.nics.map(({ rss }) => rss?.key)).toEqual([null, null]);
    const marks = after.nics.map(
      ({ notes }) => /equal keys have the mark ([0-9a-f]{8})\)/.exec(notes.join())?.[1],
    );
    expect(marks[0]).toBeDefined();
    expect(marks[1]).toBe(marks[0]);
  });

  it('hides the addresses of ntuple rules and the keys of RSS contexts, too', () => {
    const rule = {
      location: 1,
      flow: 'tcp4',
      source: { value: '203.0.113.9', mask: '255.255.255.255' },
      destination: null,
      sourcePort: null,
      destinationPort: null,
      protocol: null,
      partial: false,
      action: 'context',
      queue: 0,
      context: 2,
    } as const;
    const inNetwork = { ...rule, source: { value: '203.0.113.0', mask: '255.255.255.0' } };
    const rss = ported.rss && {
      ...ported.rss,
      rules: [rule, inNetwork],
      contextTables: [{ context: 2, hashFunction: null, key, indirection: [1] }],
    };
    const ruled = { ...snapshot, host: { ...named, nics: [{ ...ported, rss }] } };
    const [scrubbed] = anonymize(ruled, secret).host.nics;
    expect(JSON.stringify(scrubbed)).not.toMatch(/203\.0\.113|6d:6d/);
    expect(scrubbed?.rss?.rules).toMatchObject([
      { source: { mask: '255.255.255.255' }, partial: false },
      { source: { mask: '255.255.255.0' }, partial: true },
    ]);
  });

  it('does not reveal the host name to a guesser without the secret', () => {
    const other = anonymize(snapshot, new Uint8Array(32).fill(1)).host.machine.hostname;
    expect(other).not.toBe(after.machine.hostname);
  });
});
