// The built program, with the places of a test: see src/tune/places.ts. The program itself reads none of these variables.
const {
  LOCALITY_TUNE_STATE: state,
  LOCALITY_TUNE_UNITS: units,
  LOCALITY_TUNE_DEBUG_KILL_AFTER: killAfter,
} = process.env;
globalThis[Symbol.for('locality-tune.places')] = {
  ...(state !== undefined && { state }),
  ...(units !== undefined && { units }),
  ...(killAfter !== undefined && { killAfter: Number(killAfter) }),
};
require('../../dist/src/cli/entry.js');
