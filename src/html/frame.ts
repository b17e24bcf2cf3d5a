/** What every page has: its head, its style, its footer. */
import { createHash } from 'node:crypto';
import { SCRIPT, STYLE } from './assets.ts';
import { MARK } from './diagram.ts';
import { html, type Markup, raw } from './markup.ts';

export interface Frame {
  readonly title: string;
  /** Under the title: where it was read from, and when. */
  readonly subtitle: Markup;
  readonly content: Markup;
  /** Whether the content has colours and marks of locality, which the footer then explains. */
  readonly marked: boolean;
  /** Version of locality-tune that makes the page. */
  readonly version: string;
}

/** The whole file. */
export function frame({ title, subtitle, content, marked, version }: Frame): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${digest(STYLE)}'; script-src '${digest(SCRIPT)}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<header>
<h1>${unbroken(title)}</h1>
<p class="dim">${subtitle}</p>
</header>
<main>
${content}
</main>
<footer>Made by locality-tune ${version}.${marked ? html` Colours: ${legend()}.` : null}</footer>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`.markup;
}

/** Only the script that this program wrote can run in the page, even if a name in it tries to inject another. */
const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

/** A number stays with its %. */
const unbroken = (text: string): Markup => raw(html`${text}`.markup.replace(/(?<=\d) %/g, '&#160;%'));

const legend = (): Markup =>
  html`<span class="local">${raw(MARK.local)} local</span>, <span class="partly">${raw(MARK.partly)} partly</span>, <span class="remote">${raw(MARK.remote)} remote</span>, <span class="unknown">${raw(MARK.unknown)} not known</span>`;

export const section = (title: string, content: Markup): Markup =>
  html`<section><h2>${title}</h2>${content}</section>`;
