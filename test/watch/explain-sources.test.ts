/** How each change is noticed, on kernels that report different things. */
import { expect, it } from 'vitest';
import { explainSources } from '../../src/watch/explain-sources.ts';
import type { Source } from '../../src/watch/listen.ts';

const heard = (...names: Source['name'][]): Source[] => names.map((name) => ({ name, ok: true, why: null }));
const of = (sources: readonly Source[], release: string) =>
  new Map(explainSources(sources, release).map(({ what, how, why }) => [what, [how, why]]));

const TABLE = 'RSS table, key, hash fields and contexts';
const REPORTED = ['the kernel reports it', null];

it('names the kernel that reports a table first, and that an older one is polled', () => {
  for (const release of ['6.17.0-1-amd64', '7.2.1', 'unknown'])
    expect(of(heard('ethtool'), release).get(TABLE)).toEqual(REPORTED);
  for (const release of ['5.10.0-30-amd64', '6.12.30+deb13-amd64', '6.16'])
    expect(of(heard('ethtool'), release).get(TABLE)).toEqual([
      'read every 30 s',
      `the kernel reports it since Linux 6.17, and this is ${release}`,
    ]);
  expect(of(heard('ethtool'), '5.10.0').get('channels, rings and offloads')).toEqual(REPORTED);
});

it('says why a source is polled', () => {
  const files: Source = { name: 'files', ok: false, why: 'fanotify needs CAP_SYS_ADMIN' };
  const explained = of([...heard('link', 'cpu'), files], '7.2.0');
  expect(explained.get('CPUs that go offline or online')).toEqual(REPORTED);
  expect(explained.get('interrupt affinity, XPS, RPS and RFS that a process writes')).toEqual([
    'read every 30 s',
    'fanotify needs CAP_SYS_ADMIN',
  ]);
  expect(explained.get('bans of irqbalance')).toEqual(['read every 30 s', 'irqbalance has no event for it']);
});
