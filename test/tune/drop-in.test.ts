import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dropInFor } from '../../src/tune/drop-in.ts';

const SERVED = { protocol: 'udp', port: 53 } as const;

it('attaches after each start and reload, as root, and never stops the server', () => {
  const { path, text } = dropInFor(
    'named.service',
    SERVED,
    ['/usr/bin/node', '/opt/lt/entry.js'],
    ['attach', '--port', '53'],
  );
  expect(path).toBe('/etc/systemd/system/named.service.d/locality-tune-udp-53.conf');
  expect(text).toBe(`# Written by locality-tune attach --persist; locality-tune detach --persist removes it.
[Service]
ExecStartPost=-+/usr/bin/node /opt/lt/entry.js attach --port 53
ExecReload=-+/usr/bin/node /opt/lt/entry.js attach --port 53
`);
});

it('no name leads out of the folder of units, and no word out of its line', () => {
  fc.assert(
    fc.property(fc.string(), fc.string({ unit: 'binary' }), (unit, word) => {
      let made: ReturnType<typeof dropInFor>;
      try {
        made = dropInFor(unit, SERVED, ['/usr/bin/node', word.replace(/\p{C}/gu, '')], []);
      } catch (error) {
        expect(error).toMatchObject({ code: 'no-such-unit' });
        return;
      }
      expect(made.path).toMatch(/^\/etc\/systemd\/system\/[^/]+\.service\.d\/[^/]+$/);
      expect(made.text.split('\n')).toHaveLength(5);
    }),
    { seed: 17 },
  );
  for (const unit of ['../x.service', 'a/b.service', 'x.socket', '.service', 'a b.service', 'x.service\n'])
    expect(() => dropInFor(unit, SERVED, ['/n'], [])).toThrow('no name of a service');
});
