// A bundle that runs from V8's code cache. A short command spends most of its time compiling functions at their first
// call; the cache holds those that one run of the bundle has called. (module.enableCompileCache keeps only what is
// compiled before any call.) The build writes it next to the bundle; the program never writes one. V8 refuses a cache
// of another version or other flags, and then compiles as usual, but of the source it checks only the length. So the
// file ends with a copy of its bundle: comparing both is faster than any hash. V8 copies a cache that is not aligned.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const cacheOf = (bundle) => `${bundle}.${process.version}-${process.arch}.cache`;

/** The wrapper around the code of a bundle, as Node's own require() adds it to a file. */
export const wrapper = {
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '});' },
};

/** V8's collector puts the pieces of a joined path together at some time, and the cache shows whether it has. */
const inOnePiece = (text) => Buffer.from(text).toString();

/** What require(bundle) does, for a wrapped bundle of ASCII characters; `require` is what the bundle gets as its own. */
export function load(bundle, require, cached = true) {
  const source = readFileSync(bundle);
  const script = new Script(source.latin1Slice(), {
    filename: inOnePiece(bundle),
    cachedData: cached ? cachedDataOf(bundle, source) : undefined,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle, dirname(bundle));
  return { script, exports: module.exports };
}

/** The bundles of the program, beside each other; see parts.mjs. */
const PARTS = ['main', 'watch', 'rest'];

/**
 * The program, whose bundles require each other: {script, exports} of each by its name, once it has been required. `require` is for
 * everything else.
 */
export function loadProgram(main, require, cached = true) {
  const loaded = {};
  const requirePart = (name) => {
    const part = PARTS.find((each) => name === `./${each}.js`);
    if (part === undefined) return require(name);
    loaded[part] ??= load(join(dirname(main), `${part}.js`), requirePart, cached);
    return loaded[part].exports;
  };
  requirePart('./main.js');
  return loaded;
}

/** undefined where there is no cache, or one of another bundle. */
function cachedDataOf(bundle, source) {
  const cache = cacheOf(bundle);
  if (!existsSync(cache)) return undefined;
  const bytes = readFileSync(cache);
  const end = bytes.length - source.length;
  return source.equals(bytes.subarray(end)) ? bytes.subarray(0, end) : undefined;
}

/** By rename: another process may be reading the old one. */
export function save(bundle, script) {
  const fresh = `${cacheOf(bundle)}.${process.pid}`;
  writeFileSync(fresh, Buffer.concat([script.createCachedData(), readFileSync(bundle)]));
  renameSync(fresh, cacheOf(bundle));
}
