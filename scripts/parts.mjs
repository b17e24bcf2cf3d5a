// The program in three bundles. main.js has what the command line and `inspect` need, watch.js what a watcher needs besides, rest.js
// everything else. All functions of a bundle are in its code cache, and reading a cache of the whole program takes longer than
// `inspect` takes for a small machine; a watcher runs without a cache, and keeps the text of each bundle that it has loaded.
// A module is in one of them only. What one needs of another it gets when it runs, by require().
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Each has its entries and their static imports, without what a part before it has. */
const PARTS = {
  main: ['src/cli/main.ts', 'src/cli/inspect/inspect-run.ts'],
  // The last three are imported when they are needed first, which a watcher does.
  watch: [
    'src/cli/watch/watch-run.ts',
    'src/config/config.ts',
    'src/host/netns-target.ts',
    'src/host/slots.ts',
  ],
};
const REST = 'rest';
const NAMES = [...Object.keys(PARTS), REST];

/**
 * @param build esbuild's
 * @param options of all bundles; `outdir` is where the program has `src/cli`
 * @returns esbuild's metafiles
 */
export async function buildParts(build, { outdir, plugins, ...options }) {
  const root = options.absWorkingDir;
  const owners = new Map();
  for (const [name, entryPoints] of Object.entries(PARTS)) {
    const all = await build({
      ...options,
      entryPoints,
      outdir,
      plugins: [...plugins, withoutDynamic],
      write: false,
      metafile: true,
    });
    for (const path of Object.keys(all.metafile.inputs)) if (!owners.has(path)) owners.set(path, name);
  }
  const ownerOf = (path) => owners.get(path) ?? REST;
  /** What others need of each. */
  const needed = Object.fromEntries(NAMES.map((name) => [name, new Set()]));
  const bundle = (name) => {
    const cases = [...needed[name]].sort().map((path) => {
      const [key, file] = [path, `./${path}`].map((text) => JSON.stringify(text));
      return `case ${key}: return require(${file});`;
    });
    const main = name === 'main' ? `export { main } from './${PARTS.main[0]}'; ` : '';
    const get = `export function get(module) { switch (module) { ${cases.join(' ')} } }`;
    return build({
      ...options,
      stdin: { contents: main + get, resolveDir: root },
      outfile: join(outdir, 'src/cli', `${name}.js`),
      plugins: [...plugins, fromOthers(name, ownerOf, root, needed), namespacesWhenNeeded(options.banner.js)],
      metafile: true,
    });
  };
  // All that these need of the rest comes first, then what the rest needs of them.
  for (const name of Object.keys(PARTS)) await bundle(name);
  const done = [];
  for (const name of NAMES.toReversed()) done.push(await bundle(name));
  const seen = new Set();
  for (const { metafile } of done)
    for (const path of Object.keys(metafile.inputs).filter(isFile)) {
      if (seen.has(path)) throw new Error(`in two bundles, with a state of its own in each: ${path}`);
      seen.add(path);
    }
  return done;
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

/** Modules of other bundles are added to `needed`, and come from there. */
const fromOthers = (name, ownerOf, root, needed) => ({
  name: `${name} from others`,
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir, importer }) => {
      const file = join(resolveDir, path);
      const module = relative(root, file);
      const owner = ownerOf(module);
      if (importer === '' || importer === '<stdin>' || owner === name || !existsSync(file)) return null;
      needed[owner].add(module);
      return { path: module, namespace: 'other' };
    });
    onLoad({ filter: /./, namespace: 'other' }, ({ path }) => ({
      contents: `module.exports = require('./${ownerOf(path)}.js').get(${JSON.stringify(path)});`,
      resolveDir: dirname(join(root, path)),
    }));
    onResolve({ filter: /^\.\/\w+\.js$/, namespace: 'other' }, ({ path }) => ({ path, external: true }));
  },
});

/**
 * esbuild makes an object with a getter for each export of each module that is required, and makes them all when the bundle is loaded.
 * That takes each command 2 ms, and it needs hardly any. So they are made where they are used. @param start of each bundle
 */
const namespacesWhenNeeded = (start) => ({
  name: 'namespaces when needed',
  setup({ initialOptions, onEnd }) {
    initialOptions.write = false;
    onEnd(({ outputFiles: [{ path, text }] }) => {
      const getters = new Map();
      const without = text.replace(NAMESPACE, (_, name, all) => {
        getters.set(name, all);
        return '';
      });
      const made = without.replace(/[\w$]+/g, (name) =>
        getters.has(name) ? `__namespace(${getters.get(name)})` : name,
      );
      writeFileSync(
        path,
        made.replace(start, (same) => same + NAMESPACE_OF),
      );
    });
  },
});

/** `var text_exports={};__export(text_exports,{clean:()=>clean});`, with line breaks between any two words. */
const NAMESPACE = /var\s+([\w$]+)\s*=\s*\{\};\s*__export\(\s*\1\s*,\s*(\{[^{}]*\})\s*\);/g;
const NAMESPACE_OF = 'const __namespace=(getters)=>{const made={};__export(made,getters);return made};';
