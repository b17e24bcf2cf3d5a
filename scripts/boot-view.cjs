// dist/tui/boot.cjs: stands for tui/main.tsx in the bundle of src/cli/main.ts. That one runs from the code cache, where
// import() would warn; here it does not, since Node itself has loaded this file.
exports.view = async (options) => (await import('./main.mjs')).view(options);
