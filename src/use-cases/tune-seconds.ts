/** Length of each measurement of `tune`, unless the user names another. */
export const TUNE_SECONDS = 5;
