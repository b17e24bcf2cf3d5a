import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

const FILE = `# of this machine
iface = ["eth0", "eth1"]
port = 443
udp = true

[watch]
repair = "irq,xps"

[export]
matrix = false
listen = "[::1]:9884"
`;

it('reads settings with their lines', () => {
  expect(parseConfig(FILE, 'x')).toEqual([
    { command: null, key: 'iface', values: ['eth0', 'eth1'], line: 2 },
    { command: null, key: 'port', values: ['443'], line: 3 },
    { command: null, key: 'udp', values: ['true'], line: 4 },
    { command: 'watch', key: 'repair', values: ['irq,xps'], line: 7 },
    { command: 'export', key: 'matrix', values: [], line: 10 },
    { command: 'export', key: 'listen', values: ['[::1]:9884'], line: 11 },
  ]);
  expect(parseConfig('', 'x')).toEqual([]);
});

describe('refuses', () => {
  it.each([
    ['\nifaec = "eth0"\n', /^f:2: unknown key 'ifaec'$/, /did you mean iface/],
    ['[watch]\n\nrepiar = "irq"\n', /^f:3: unknown key 'repiar' in \[watch\]$/, /did you mean repair/],
    ['port = 1\n[wacth]\nrepair = "irq"\n', /^f:2: unknown key 'wacth'$/, /did you mean watch/],
    ['watch.lisen = "x"\n', /^f:1: unknown key 'lisen' in \[watch\]$/, /listen/],
    [
      '[watch]\niface = "a"\n[export]\nport = 1.5e3\nudp = true\n',
      /^f:5: unknown key 'udp' in \[export\]$/,
      /there are/,
    ],
    ['iface = "eth0\n', /^f:1: /, /toml\.io/],
    ['port = 1\nport = 2\n', /^f:2: /, /toml\.io/],
    ['watch = "irq"\n', /^f:1: watch: must be a table$/, /\[watch\]/],
    ['\nport = [[1]]\n', /^f:2: port: must be a text/, /configuration\.md/],
    ['port = 1979-05-27\n', /^f:1: port: must be a text/, /configuration\.md/],
  ])('%j', (text, message, hint) => {
    expect(() => parseConfig(text, 'f')).toThrow(
      expect.objectContaining({
        code: 'bad-config',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });

  it('any other text with one error, which names a line', () => {
    const word = fc.constantFrom(
      'iface',
      'port',
      '[watch]',
      '[export]',
      ' = ',
      '"x"',
      '1',
      '\n',
      '[',
      ']',
      '.',
      ',',
      '#',
      '\u0000',
    );
    fc.assert(
      fc.property(
        fc.array(word).map((words) => words.join('')),
        (text) => {
          try {
            for (const { line } of parseConfig(text, 'f'))
              expect(line).toBeLessThanOrEqual(text.split('\n').length);
          } catch (error) {
            expect(error).toMatchObject({ code: 'bad-config', message: expect.stringMatching(/^f:\d+: /) });
          }
        },
      ),
      { seed: 1 },
    );
  });
});
