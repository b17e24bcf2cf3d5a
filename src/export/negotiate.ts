/** What a client of HTTP wants: which text, and whether compressed (RFC 9110, 12.5). Pure; never throws. */
import type { Format } from './text.ts';

/** OpenMetrics if the client prefers it, or likes both alike and names it; otherwise Prometheus' own text. */
export function formatFor(accept: string | undefined): Format {
  const ranges = rangesOf(accept ?? '*/*');
  const quality = (type: string): number =>
    Math.max(0, ...ranges.filter(({ name }) => name === type).map(({ q }) => q));
  const open = Math.max(
    0,
    ...ranges
      .filter(({ name, version }) => name === 'application/openmetrics-text' && isKnown(version))
      .map(({ q }) => q),
  );
  return open > 0 && open >= Math.max(quality('text/plain'), quality('text/*'), quality('*/*'))
    ? 'openmetrics'
    : 'prometheus';
}

/** 0.0.1 differs in nothing that is written here. */
const isKnown = (version: string | null): boolean =>
  version === null || version === '1.0.0' || version === '0.0.1';

export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const codings = rangesOf(acceptEncoding ?? '');
  const chosen =
    codings.find(({ name }) => name === 'gzip' || name === 'x-gzip') ??
    codings.find(({ name }) => name === '*');
  return chosen !== undefined && chosen.q > 0;
}

interface Range {
  readonly name: string;
  readonly version: string | null;
  /** 0 to 1; a value that is not a number counts as 0. */
  readonly q: number;
}

/** Beyond that nobody means it. */
const MOST_RANGES = 32;

function rangesOf(header: string): Range[] {
  return header
    .split(',', MOST_RANGES)
    .map((text) => {
      const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
      const value = (key: string): string | null =>
        parameters.find((each) => each.startsWith(`${key}=`))?.slice(key.length + 1) ?? null;
      const q = value('q');
      return { name, version: value('version'), q: q === null ? 1 : Math.min(1, Number(q) || 0) };
    })
    .filter(({ name }) => name !== '');
}
