/** Instructions exactly as bpf_asm prints them (tools/bpf/bpf_exp.y), including the last newline. */
import type { Instruction } from './instruction.ts';

/** `3,32 0 0 4294963236,148 0 0 4,22 0 0 0,`: for xt_bpf, cls_bpf, `ip link`. bpf_pretty_print(). */
export function formatDecimal(program: readonly Instruction[]): string {
  return `${program.length},${program.map((fields) => `${fields.join(' ')},`).join('')}\n`;
}

/** `{ 0x20,  0,  0, 0xfffff024 },`, one a line: for C. bpf_pretty_print_c(). */
export function formatC(program: readonly Instruction[]): string {
  return program
    .map(([code, jt, jf, k]) => `{ ${hex(code, 4)}, ${pad(jt)}, ${pad(jf)}, ${hex(k, 10)} },\n`)
    .join('');
}

const pad = (value: number) => String(value).padStart(2);

/** printf's `%#0<width>x`, which leaves a zero without its 0x. */
function hex(value: number, width: number): string {
  return value === 0 ? '0'.repeat(width) : `0x${value.toString(16).padStart(width - 2, '0')}`;
}
