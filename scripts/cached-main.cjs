// Stands for src/cli/main.ts in the bundle of src/cli/entry.ts.
const { join } = require('node:path');
const { load } = require('./code-cache.mjs');

module.exports = load(join(__dirname, 'main.js'), require).exports;
