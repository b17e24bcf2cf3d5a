/** Findings, each with the commands that fix it. */

import type { Finding, Severity } from '../diagnose/types.ts';
import { gather } from '../report/fold.ts';
import { count } from '../words/phrase.ts';
import { html, type Markup, raw, withCode } from './markup.ts';

/** If a rule has more findings than this, the rest is folded. */
const EACH = 3;

const SIGN: Readonly<Record<Severity, string>> = { error: '●', warning: '▲', info: '○' };

/** In the given order: the most severe first. */
export function findingList(findings: readonly Finding[]): Markup {
  return html`<ol class="findings">${gather(findings, ({ rule, severity }) => `${severity} ${rule}`).map(
    ({ rows }) =>
      rows.length <= EACH + 1
        ? rows.map(item)
        : [
            ...rows.slice(0, EACH).map(item),
            html`<li class="more"><details><summary>${count(rows.length - EACH, 'more finding')} of this kind</summary><ol class="findings">${rows.slice(EACH).map(item)}</ol></details></li>`,
          ],
  )}</ol>`;
}

function item({ rule, severity, subject, message, fix }: Finding): Markup {
  const commands = html`<div class="commands"><pre>${fix.map((command, at) => [at > 0 ? raw('\n') : null, command])}</pre><button type="button" class="copy">copy</button></div>`;
  return html`<li class="${severity}"><h3><span class="sign" aria-hidden="true">${raw(SIGN[severity])}</span> <span class="severity">${severity}</span> ${subject} <code>${rule}</code></h3><p>${withCode(message)}</p>${fix.length > 0 ? commands : null}</li>`;
}
