/**
 * For sort(). Not localeCompare or Intl.Collator, whose first use loads ICU's collation, which takes 10 ms of every
 * start.
 */
export const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const NUMBERS = /(\d+)/;

/** Numbers in natural order: irq 9 before irq 10. */
export function compareNatural(a: string, b: string): number {
  const other = b.split(NUMBERS);
  // Every second part is a number.
  for (const [i, part] of a.split(NUMBERS).entries()) {
    const against = other[i] ?? '';
    const order = i % 2 === 0 ? compareText(part, against) : Number(part) - Number(against || -1);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
