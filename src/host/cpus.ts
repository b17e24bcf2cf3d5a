/** Sets of CPU numbers. The kernel's cpulist and mask forms are used only at the edges. */

/** CPU numbers, ascending, without repeats. */
export type Cpus = readonly number[];

/** Above any existing NR_CPUS, so that a garbled `0-4294967295` cannot use up the memory. */
const limit = 65_536;

const range = /^(\d+)(?:-(\d+)(?::(\d+)(?:\/(\d+))?)?)?$/;

/**
 * Reads a cpulist, `0-3,8`, with the strides of the kernel (`0-31:2/4`, two of every four; lib/bitmap-str.c,
 * bitmap_parselist) and of taskset (`0-6:2`, every second). An empty text is the empty set; null: not a cpulist.
 */
export function parseCpuList(text: string): Cpus | null {
  const cpus = new Set<number>();
  for (const part of text.split(/[,\s]+/)) {
    if (part === '') continue;
    const match = range.exec(part);
    if (!match) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    const used = match[4] === undefined ? 1 : Number(match[3]);
    const step = Number(match[4] ?? match[3] ?? 1);
    if (last < first || last >= limit || step === 0 || used === 0 || used > step) return null;
    for (let cpu = first; cpu <= last; cpu++) if ((cpu - first) % step < used) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

const groups = /^(?:0x)?[0-9a-f]+(?:,[0-9a-f]{1,8})*$/i;

/**
 * Reads a mask as smp_affinity, rps_cpus and xps_cpus print it: hexadecimal, commas between groups of 32 bits, the
 * lowest last. null: not a mask.
 */
export function parseCpuMask(text: string): Cpus | null {
  const mask = text.trim();
  if (!groups.test(mask)) return null;
  const [head = '', ...rest] = mask.replace(/^0x/i, '').split(',');
  const digits = head + rest.map((group) => group.padStart(8, '0')).join('');
  if (digits.length * 4 > limit) return null;
  const cpus: number[] = [];
  for (let at = digits.length - 1, base = 0; at >= 0; at--, base += 4) {
    const bits = Number.parseInt(digits.charAt(at), 16);
    for (let bit = 0; bits >> bit > 0; bit++) if ((bits >> bit) & 1) cpus.push(base + bit);
  }
  return cpus;
}

/** The cpulist of a set, `0-3,8`; the empty set is the empty text. */
export function formatCpuList(cpus: Cpus): string {
  const parts: string[] = [];
  for (let i = 0; i < cpus.length; i++) {
    const first = cpus[i];
    while (cpus[i + 1] === (cpus[i] ?? 0) + 1) i++;
    parts.push(first === cpus[i] ? `${first}` : `${first}-${cpus[i]}`);
  }
  return parts.join(',');
}

/**
 * The mask of a set. `width` is the number of CPUs for which the kernel prints (nr_cpu_ids); without it the mask is as
 * short as possible.
 */
export function formatCpuMask(cpus: Cpus, width = 0): string {
  const nibbles = new Array<number>(Math.max(1, Math.ceil(width / 4), ((cpus.at(-1) ?? 0) >> 2) + 1)).fill(0);
  for (const cpu of cpus) nibbles[cpu >> 2] = (nibbles[cpu >> 2] ?? 0) | (1 << (cpu & 3));
  return nibbles
    .map((bits, i) => (i % 8 === 7 && i + 1 < nibbles.length ? `,${bits.toString(16)}` : bits.toString(16)))
    .reverse()
    .join('');
}
