/**
 * Three looks at a running experiment, after each third of its blocks. Who looks more often, or with the same interval each
 * time, finds effects that are not there. With these intervals (O'Brien and Fleming 1979; repeated confidence intervals:
 * Jennison and Turnbull 1989) the effect is in all three of them in 95 % of experiments, however one stops.
 */
import { type Interval, tInterval } from './statistics.ts';

export const LOOKS = 3;

/** Two-sided probability for each look: their sum, as they depend on each other, is 5 %. */
const PROBABILITIES = [0.0005, 0.0141, 0.0451] as const;

/** @param look from 1 */
export const lookInterval = (differences: readonly number[], look: number): Interval =>
  tInterval(differences, (PROBABILITIES[look - 1] ?? PROBABILITIES[0]) / 2);

/** The last look that so many blocks are enough for; 0: none. @param blocks of the whole experiment */
export const lookAt = (done: number, blocks: number): number => Math.floor((LOOKS * done) / blocks);

/** Is this the moment of a look? */
export const isLook = (done: number, blocks: number): boolean =>
  done > 0 && Number.isInteger((LOOKS * done) / blocks);
