/** HTML in which no name from a machine can become markup. */
import { clean } from '../report/text.ts';

export interface Markup {
  readonly markup: string;
}

type Value = Markup | string | number | null | readonly Value[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A process may call itself `<script>`, or in letters that run from right to left. */
const escaped = (text: string): string =>
  clean(text, true).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

/**
 * Template tag: the template is markup, and what is inserted is text, unless it is Markup. Templates must be ASCII,
 * because a bundler cannot escape them, and the program is read as Latin-1.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return {
    markup: strings.map((text, at) => text + (at < values.length ? render(values[at] ?? null) : '')).join(''),
  };
}

function render(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escaped(value);
  return 'markup' in value ? value.markup : value.map(render).join('');
}

/** For our own text that must not be escaped: the style sheet, the script. */
export const raw = (markup: string): Markup => ({ markup });

/** A sentence in which `backticks` mark what a user can type. */
export const withCode = (text: string): Markup =>
  html`${text.split('`').map((piece, at) => (at % 2 === 0 ? piece : html`<code>${piece}</code>`))}`;
