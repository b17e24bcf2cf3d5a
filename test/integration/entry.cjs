// The built program, with the places of a test: see src/tune/places.ts. The program itself reads none of these variables.
const {
  LOCALITY_TUNE_STATE: state,
  LOCALITY_TUNE_UNITS: units,
  LOCALITY_TUNE_DEBUG_KILL_AFTER: killAfter,
  LOCALITY_TUNE_PRINTED: printed,
} = process.env;
globalThis[Symbol.for('locality-tune.places')] = {
  ...(state !== undefined && { state }),
  ...(units !== undefined && { units }),
  ...(killAfter !== undefined && { killAfter: Number(killAfter) }),
};
if (printed !== undefined) require('./keep-printed.cjs').keepIn(printed);
require('../../dist/src/cli/entry.js');
