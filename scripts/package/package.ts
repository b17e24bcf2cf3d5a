/**
 * `npm run package -- [--arch x64|arm64]… [--form tar|deb|rpm|npm]… [--out FOLDER] [--fresh] [--fast]`: makes the packages of this
 * checkout, and SHA256SUMS. The same commit gives the same bytes, with the same tools.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { debName, makeDeb } from './deb.ts';
import { makeNpm, npmName } from './npm.ts';
import { ARCHES, type Arch, readOrigin, root } from './origin.ts';
import { makeRpm, rpmName } from './rpm.ts';
import { archive } from './tarball.ts';
import { layOut } from './tree.ts';

const FORMS = ['tar', 'deb', 'rpm', 'npm'] as const;
type Form = (typeof FORMS)[number];

const say = (line: string) => console.error(`package: ${line}`);

function usage(problem: string): never {
  say(problem);
  say('npm run package -- [--arch x64|arm64]… [--form tar|deb|rpm|npm]… [--out FOLDER] [--fresh] [--fast]');
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        arch: { type: 'string', multiple: true, default: [...ARCHES] },
        form: { type: 'string', multiple: true, default: [...FORMS] },
        out: { type: 'string', default: join(root, 'packages') },
        fresh: { type: 'boolean', default: false },
        fast: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

/** Those of `known` that are wanted, in the order of `known`. */
function chosen<T extends string>(
  option: string,
  known: readonly T[],
  wanted: readonly string[],
): readonly T[] {
  const wrong = wanted.find((each) => !known.some((one) => one === each));
  if (wrong !== undefined) usage(`--${option} ${wrong}: must be one of ${known.join(', ')}`);
  return known.filter((each) => wanted.includes(each));
}

if (process.arch !== 'x64') {
  // The runtime for x64 comes from the development packages, and only x64 has the cross compiler and the emulator set up.
  say('packages are built on x86-64, for both architectures');
  process.exit(1);
}
const values = readOptions();
const arches: readonly Arch[] = chosen('arch', ARCHES, values.arch);
const forms: readonly Form[] = chosen('form', FORMS, values.form);
const out = resolve(values.out);
const origin = readOrigin();
const { name, version } = origin.manifest;
const level = values.fast ? 0 : 9;
const options = { fresh: values.fresh, say };
const made: string[] = [];

async function make(form: Form, file: string, build: (path: string) => Promise<void>): Promise<void> {
  if (!forms.includes(form)) return;
  say(file);
  await build(join(out, file));
  made.push(file);
}

mkdirSync(out, { recursive: true });
for (const arch of arches) {
  const title = `${name}-${version}-linux-${arch}`;
  const tree = join(out, '.trees', title);
  await layOut(tree, arch, origin, options);
  await make('tar', `${title}.tar.xz`, (file) => archive(tree, file, origin.date, level));
  await make('deb', debName(origin, arch), (file) => makeDeb(tree, file, arch, origin, level));
  await make('rpm', rpmName(origin, arch), (file) => makeRpm(tree, file, arch, origin, level));
}
await make('npm', npmName(origin), (file) => makeNpm(file, arches, origin, options));
const sums = made.map(
  (file) =>
    `${createHash('sha256')
      .update(readFileSync(join(out, file)))
      .digest('hex')}  ${file}\n`,
);
writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
for (const file of [...made, 'SHA256SUMS']) console.log(join(out, file));
