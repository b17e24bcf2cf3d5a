/** For sort(). Not localeCompare, whose first call loads ICU's collation: 10 ms of every start. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
