/** The series of one scrape, as lines of text by metric. */
import {
  type LabelsOf,
  METRICS,
  type MetricName,
  MISSING,
  type MissingReason,
  type MissingWhat,
  PREFIX,
} from './catalog.ts';

/** Metric -> its lines, which the two text formats share: `name{label="value"} 1`. */
export type Lines = ReadonlyMap<MetricName, readonly string[]>;

export class Scrape {
  readonly #lines = new Map<MetricName, string[]>();
  readonly #missing = new Map<MissingWhat, string>();

  /** Adds a series; null: the value is not known, so there is none. */
  add<Name extends MetricName>(
    name: Name,
    labels: LabelsOf<Name>,
    value: number | bigint | boolean | null,
  ): void {
    if (value === null) return;
    const known = this.#lines.get(name);
    const line = `${PREFIX}${name}${braces(METRICS[name].labels, labels)} ${numberText(value)}`;
    if (known === undefined) this.#lines.set(name, [line]);
    else known.push(line);
  }

  /** Says why a part is missing; the last reason counts. */
  miss<What extends MissingWhat>(what: What, reason: MissingReason<What>): void {
    this.#missing.set(what, reason);
  }

  /** With a series for each part that can be missing. */
  get lines(): Lines {
    const lines = new Map(this.#lines);
    lines.set(
      'missing',
      Object.entries(MISSING).flatMap(([what, reasons]) =>
        reasons.map((reason) => {
          const is = this.#missing.get(what as MissingWhat) === reason;
          return `${PREFIX}missing${braces(METRICS.missing.labels, { what, reason })} ${is ? 1 : 0}`;
        }),
      ),
    );
    return lines;
  }
}

function braces(names: readonly string[], values: Readonly<Record<string, string | number>>): string {
  if (names.length === 0) return '';
  return `{${names.map((name) => `${name}="${escaped(String(values[name]))}"`).join(',')}}`;
}

/** As both formats want it: backslash, double quote and line feed. */
const escaped = (value: string): string =>
  /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (each) => (each === '\n' ? '\\n' : `\\${each}`)) : value;

const numberText = (value: number | bigint | boolean): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
