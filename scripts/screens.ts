/** Redraws the screens of docs/img: node scripts/screens.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

// The clock of a recording is shown in local time; in UTC a picture is the same everywhere.
process.env['TZ'] = 'UTC';

const root = join(import.meta.dirname, '..');
// Node strips types but knows no JSX. The output is within node_modules, so that the packages are found.
const bundle = join(root, 'node_modules/.cache/pictures.mjs');
await build({
  entryPoints: [join(root, 'scripts/pictures.tsx')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  jsx: 'automatic',
  logLevel: 'warning',
});
const { pictures }: typeof import('./pictures.tsx') = await import(pathToFileURL(bundle).href);
const images = join(root, 'docs/img');
mkdirSync(images, { recursive: true });
for (const [name, picture] of pictures(root)) writeFileSync(join(images, name), picture);
