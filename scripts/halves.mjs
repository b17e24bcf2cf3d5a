// The program in two bundles. main.js has what the command line and `inspect` need, rest.js everything else: all functions of a
// bundle are in its code cache, and reading a cache of the whole program takes longer than `inspect` takes for a small machine.
// A module is in one of them only. What one needs of the other it gets when it runs, by require().
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Entries of main.js. What they import() is in rest.js. */
const ENTRIES = ['src/cli/main.ts', 'src/cli/inspect/inspect-run.ts'];

/**
 * @param build esbuild's
 * @param options of both bundles; `outdir` is where the program has `src/cli`
 * @returns esbuild's metafiles
 */
export async function buildHalves(build, { outdir, plugins, ...options }) {
  const root = options.absWorkingDir;
  const all = await build({
    ...options,
    entryPoints: ENTRIES,
    outdir,
    plugins: [...plugins, withoutDynamic],
    write: false,
    metafile: true,
  });
  const inMain = new Set(Object.keys(all.metafile.inputs));
  /** Modules that the other half needs. */
  const ofRest = new Set();
  const ofMain = new Set();
  const bundle = (name, contents, other) =>
    build({
      ...options,
      stdin: { contents, resolveDir: root },
      outfile: join(outdir, 'src/cli', name),
      plugins: [...plugins, other],
      metafile: true,
    });
  const lookUp = (needed) =>
    `{${[...needed].sort().map((path) => `${JSON.stringify(path)}: () => require(${JSON.stringify(`./${path}`)})`)}}`;
  const mainOf = (needed) =>
    bundle(
      'main.js',
      `export { main } from './${ENTRIES[0]}'; export const modules = ${lookUp(needed)};`,
      from('./rest.js', (path, kind) => kind === 'dynamic-import' && !inMain.has(path), root, ofRest),
    );
  await mainOf([]);
  const rest = await bundle(
    'rest.js',
    `export const modules = ${lookUp(ofRest)};`,
    from('./main.js', (path) => inMain.has(path), root, ofMain),
  );
  const main = await mainOf(ofMain);
  const twice = Object.keys(main.metafile.inputs).filter(
    (path) => isFile(path) && path in rest.metafile.inputs,
  );
  if (twice.length > 0)
    throw new Error(`in both bundles, with a state of its own in each: ${twice.join(', ')}`);
  return [main, rest];
}

/** Not what a plugin made up. */
const isFile = (input) => /^[^:<]+$/.test(input);

/** Leaves import() of the program's own modules out of a bundle. */
const withoutDynamic = {
  name: 'without dynamic imports',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : null,
    ),
};

/** Modules that are `there` come from the other bundle, and are added to `needed`. */
const from = (other, there, root, needed) => ({
  name: `some from ${other}`,
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir, kind, importer }) => {
      const file = join(resolveDir, path);
      const name = relative(root, file);
      if (importer === '' || importer === '<stdin>' || !existsSync(file) || !there(name, kind)) return null;
      needed.add(name);
      return { path: name, namespace: 'other' };
    });
    onLoad({ filter: /./, namespace: 'other' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(other)}).modules[${JSON.stringify(path)}]();`,
      resolveDir: dirname(join(root, path)),
    }));
    onResolve({ filter: /^\.\/(?:main|rest)\.js$/, namespace: 'other' }, ({ path }) => ({
      path,
      external: true,
    }));
  },
});
