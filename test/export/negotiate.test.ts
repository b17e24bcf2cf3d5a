import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptsGzip, formatFor } from '../../src/export/negotiate.ts';

describe('the format', () => {
  it.each([
    // Prometheus 2.42, 2.53 and 3.x, vmagent, curl, a browser, telegraf.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
      'openmetrics',
    ],
    ['text/plain;version=0.0.4;q=1,*/*;q=0.1', 'prometheus'],
    ['*/*', 'prometheus'],
    [undefined, 'prometheus'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'prometheus'],
    ['application/openmetrics-text; version=1.0.0', 'openmetrics'],
    ['application/openmetrics-text;version=2.0.0', 'prometheus'],
    ['application/openmetrics-text;q=0, text/plain', 'prometheus'],
    ['application/openmetrics-text;q=0.3, text/plain;q=0.9', 'prometheus'],
    ['', 'prometheus'],
  ])('%s is %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });

  it('is one of both for any header', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            'gzip',
            'text/plain',
            '*',
            '/',
            ',',
            ';',
            'q',
            '=',
            '0',
            '1',
            '.',
            '-',
            ' ',
            '\t',
            'version',
          ),
          maxLength: 40,
        }),
        (header) => {
          expect(['openmetrics', 'prometheus']).toContain(formatFor(header));
          expect(typeof acceptsGzip(header)).toBe('boolean');
        },
      ),
    );
  });
});

describe('compression', () => {
  it.each([
    ['gzip', true],
    ['gzip, deflate, br', true],
    ['deflate, GZIP;q=0.1', true],
    ['*', true],
    ['*;q=0', false],
    ['*, gzip;q=0', false],
    ['gzip;q=0', false],
    ['identity', false],
    ['zstd', false],
    [undefined, false],
    ['', false],
  ])('of %s: %s', (encodings, accepted) => {
    expect(acceptsGzip(encodings)).toBe(accepted);
  });
});
