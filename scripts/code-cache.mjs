// A bundle that runs from V8's code cache. Most of a short command's time is the compilation of functions at their
// first call; the cache holds those that one run of the bundle has called. (module.enableCompileCache keeps only what
// is compiled before any call.) The build makes it, beside the bundle; no run of the program writes one. V8 refuses a
// cache of another version or of other flags, and then compiles as ever.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

const cacheOf = (bundle) => `${bundle}.${process.version}-${process.arch}.cache`;

/** What goes around the code of a bundle; Node's own require() does it as it reads a file. */
export const wrapper = {
  banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
  footer: { js: '});' },
};

/** What require(bundle) does, for a wrapped bundle of ASCII characters; `require` is what the bundle gets as its own. */
export function load(bundle, require) {
  const cache = cacheOf(bundle);
  const script = new Script(readFileSync(bundle, 'latin1'), {
    filename: bundle,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, bundle, dirname(bundle));
  return { script, exports: module.exports };
}

/** By rename: another process may be reading the old one. */
export function save(bundle, script) {
  const fresh = `${cacheOf(bundle)}.${process.pid}`;
  writeFileSync(fresh, script.createCachedData());
  renameSync(fresh, cacheOf(bundle));
}
