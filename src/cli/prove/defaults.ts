/** Of an experiment, unless the user says otherwise; `prove --help` shows them without loading the rest. */

export const BLOCKS = 10;
/** Percent: a smaller difference does not matter. */
export const MARGIN = 2;
/** Seconds. */
export const ROUND = 6;
/** Seconds, and no fewer: settings of a NIC take effect more slowly than a program. */
export const ROUND_OF_PLAN = 30;
