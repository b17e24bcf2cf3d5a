import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { pictures } from '../../scripts/pictures.tsx';
import { svg } from '../../scripts/svg.ts';

const root = join(import.meta.dirname, '../..');
const picture = { columns: 10, rows: 2, title: 'a < b', foreground: '#d0d0d0', background: '#1c1c1c' };

describe('svg', () => {
  it('puts words, blocks and colours into their cells', () => {
    const drawn = svg(
      'ab  \x1b[38;2;255;0;16m▀▀\x1b[39m\n \x1b[1m\x1b[48;2;1;2;3mc & d\x1b[49m\x1b[22m',
      picture,
    );
    expect(drawn).toContain('<text x="12" y="25.5" textLength="16.8">ab</text>');
    expect(drawn).toContain('<rect x="45.6" y="12" width="16.8" height="9" fill="#ff0010"');
    expect(drawn).toContain('<rect x="20.4" y="30" width="42" height="18" fill="#010203"');
    expect(drawn).toContain('font-weight="bold">c\u00a0&#38;\u00a0d</text>');
    expect(drawn).toContain('<title>a\u00a0&#60;\u00a0b</title>');
  });

  it('draws nothing beyond its rows', () => {
    expect(svg('1\n2\n3', picture)).not.toContain('>3<');
  });
});

describe('docs/img', () => {
  beforeAll(() => {
    process.env['TZ'] = 'UTC';
  });

  it('is what the recordings show: node scripts/screens.ts redraws it', () => {
    for (const [name, drawn] of pictures(root))
      expect(readFileSync(join(root, 'docs/img', name), 'utf8') === drawn, name).toBe(true);
  });
});
