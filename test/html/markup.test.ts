import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, raw, withCode } from '../../src/html/markup.ts';

describe('markup', () => {
  it('contains any text as text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (any) => {
        const { markup } = html`<p title="${any}">${[any, html`<b>${any}</b>`]}</p>`;
        expect(markup.replace(/^<p title="|">(?=[^<]*<b>)|<b>|<\/b><\/p>$/g, '')).not.toMatch(/[<>"']/);
        expect(markup).not.toMatch(/[^\x20-\x7e…→●○─×█≥≤–—·’µ]/u);
      }),
    );
  });

  it('escapes a name that is a script, and one that runs from right to left', () => {
    expect(html`<i>${'</i><script>alert("1")</script>'}</i>`.markup).toBe(
      '<i>&lt;/i&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;</i>',
    );
    expect(html`${'a\u202eb & c\n'}`.markup).toBe('a\\u{202e}b &amp; c\\x0a');
  });

  it('leaves out null, and keeps other markup', () => {
    expect(html`${null}${0}${raw('<br>')}${[html`<b>${1}</b>`, 'x']}`.markup).toBe('0<br><b>1</b>x');
  });

  it('shows what can be typed as code', () => {
    expect(withCode('with `cpu <1>`.').markup).toBe('with <code>cpu &lt;1&gt;</code>.');
  });
});
