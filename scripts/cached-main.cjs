// Stands for src/cli/main.ts in the bundle of src/cli/entry.ts.
const { join } = require('node:path');
const { loadProgram } = require('./code-cache.mjs');

module.exports = loadProgram(join(__dirname, 'main.js'), require).main.exports;
