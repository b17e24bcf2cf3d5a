/** Pages of docs/ that runs of the lab write: sections with a title, each replaced by the next run of it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Guest } from './machine/guest.ts';

/** `page`: its name in docs/. `intro`: what stands above the sections of a page that is new. */
export function writeSection(page: string, intro: string, title: string, text: string): void {
  const file = fileURLToPath(new URL(`../../docs/${page}`, import.meta.url));
  const old = existsSync(file) ? readFileSync(file, 'utf8') : intro;
  const [head = '', ...sections] = old.split(/^(?=## )/m).map((part) => part.trimEnd());
  const heading = `## ${title}\n`;
  const section = `${heading}\n${text}`;
  const at = sections.findIndex((each) => `${each}\n`.startsWith(heading));
  const all = at < 0 ? [...sections, section] : sections.with(at, section);
  writeFileSync(file, `${[head, ...all].join('\n\n')}\n`);
}

/** `Linux 6.12.107+deb13-amd64, bpftrace v0.23.2, nginx/1.22.1; 2026-11-21`. */
export async function circumstances(guest: Guest): Promise<string> {
  const said = await guest.run('uname -sr; bpftrace --version; nginx -v 2>&1');
  const versions = said
    .trim()
    .replace(/nginx version: /, '')
    .split('\n')
    .join(', ');
  return `${versions}; ${new Date().toISOString().slice(0, 10)}`;
}

/** A Markdown table. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
