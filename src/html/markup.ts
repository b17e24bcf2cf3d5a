/** HTML in which nothing that a machine calls itself can become markup. */
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
 * Template tag: what is written in the template is markup, what is put into it is text, but for other Markup.
 * Templates are to be ASCII: a bundler can't escape what is in them, and the program is read as Latin-1.
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

/** For text of our own that is no markup: the style sheet, the script. */
export const raw = (markup: string): Markup => ({ markup });

/** A sentence in which `backticks` mark what can be typed. */
export const withCode = (text: string): Markup =>
  html`${text.split('`').map((piece, at) => (at % 2 === 0 ? piece : html`<code>${piece}</code>`))}`;
