/** Sums of /proc/interrupts over all CPUs. */

const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/**
 * Interrupts summed over all CPUs, for the IRQs in `wanted`. This runs every second, and with 512 CPUs a line has 5 KB,
 * so only the wanted lines are scanned, character by character. Never throws.
 */
export function sumInterrupts(text: string, wanted: ReadonlySet<number>): Map<number, number> {
  const sums = new Map<number, number>();
  for (let start = text.indexOf('\n') + 1; start > 0 && start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const colon = text.indexOf(':', start);
    const irq = colon > 0 && colon < end ? Number(text.slice(start, colon)) : Number.NaN;
    if (wanted.has(irq)) sums.set(irq, sumLine(text, colon + 1, end));
    start = end + 1;
  }
  return sums;
}

/** Reads numbers up to the first word that is not one: the name of the chip may begin with a digit. */
function sumLine(text: string, start: number, end: number): number {
  let sum = 0;
  let value = -1;
  for (let at = start; at <= end; at++) {
    const code = at < end ? text.charCodeAt(at) : SPACE;
    if (code >= ZERO && code <= NINE) value = (value < 0 ? 0 : value) * 10 + code - ZERO;
    else if (code === SPACE) {
      if (value >= 0) sum += value;
      value = -1;
    } else break;
  }
  return sum;
}
