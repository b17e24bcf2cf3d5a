/** Arbitrary bytes for properties of the "any input" kind. */
import fc from 'fast-check';

export const bytes = fc.uint8Array({ maxLength: 400 });
