/** What the kernel accepts but is probably wrong for a reuseport group. */
import type { CheckFinding } from './check.ts';
import { EXTENSIONS, type Instruction, SKF_AD_OFF } from './instruction.ts';
import { OUT_OF_RANGE } from './programs.ts';
import { type Result, results } from './ranges.ts';

/** @param program that `check` accepts @param groupSize sockets of the group; null if not known */
export function hints(program: readonly Instruction[], groupSize: number | null): readonly CheckFinding[] {
  const choices = groupSize === null ? [] : [...indexHints(program, groupSize), ...shortPacketHint(program)];
  return [...inputHints(program), ...choices].sort((one, other) => (one.index ?? 0) - (other.index ?? 0));
}

/** Extensions whose values at the reuseport hook differ from what their names suggest. */
const INPUTS: ReadonlyMap<string, string> = new Map([
  [
    'rxhash',
    'rxhash is 0 if no NIC has hashed the packet (always for UDP over loopback), so all packets go to one slot',
  ],
  ['queue', 'queue is the rx queue + 1, and 0 where none was recorded (loopback)'],
  ['poff', 'poff does not work here, because the headers are in front of the packet that the program sees'],
  ['vlan_tci', 'vlan_tci reads 0 here'],
  ['vlan_avail', 'vlan_avail reads 0 here'],
  ['vlan_tpid', 'vlan_tpid reads 0 here'],
]);

function inputHints(program: readonly Instruction[]): CheckFinding[] {
  const reported = new Set<string>();
  return program.flatMap(([code, , , k], index) => {
    const word = (code & 0xe7) === 0x20 ? EXTENSIONS.get(k - SKF_AD_OFF) : undefined;
    const message = word === undefined ? undefined : INPUTS.get(word);
    if (word === undefined || message === undefined || reported.has(word)) return [];
    reported.add(word);
    return [{ index, message }];
  });
}

const MOD_K = 0x94;
const RET_A = 0x16;

function indexHints(program: readonly Instruction[], size: number): CheckFinding[] {
  // 0xffffffff says "let the kernel's hash choose", on purpose.
  const chosen = results(program).filter(({ low }) => low !== OUT_OF_RANGE);
  const highest = chosen.reduce((most, { high }) => Math.max(most, high), -1);
  const starved = chosen.length > 0 && highest < size - 1 ? [starvation(program, chosen, highest, size)] : [];
  return [...chosen.flatMap((result) => excess(program, result, size)), ...starved];
}

/** The constant of a `mod` whose remainder is returned unchanged. */
function modulus(program: readonly Instruction[], index: number): number | null {
  const before = program[index - 1];
  return program[index]?.[0] === RET_A && before?.[0] === MOD_K ? before[3] : null;
}

function excess(program: readonly Instruction[], { index, low, high }: Result, size: number): CheckFinding[] {
  if (high < size) return [];
  const so = `the group has ${size}, and beyond slot ${size - 1} the kernel's hash chooses`;
  const divisor = modulus(program, index);
  if (divisor !== null && divisor !== size) {
    return [{ index: index - 1, message: `not the group's size: the index can reach ${high}, ${so}` }];
  }
  if (low === high) return [{ index, message: `always ${low}: ${so}` }];
  if (high === OUT_OF_RANGE) return [{ index, message: `the index is not limited: ${so}` }];
  return [{ index, message: `the index can reach ${high}: ${so}` }];
}

function starvation(
  program: readonly Instruction[],
  chosen: readonly Result[],
  highest: number,
  size: number,
): CheckFinding {
  const index = chosen.find(({ high }) => high === highest)?.index ?? 0;
  const idle = highest === size - 2 ? `slot ${size - 1} gets` : `slots ${highest + 1} to ${size - 1} get`;
  return modulus(program, index) === null
    ? { index: null, message: `${idle} nothing: no index is more than ${highest}, and the group has ${size}` }
    : { index: index - 1, message: `not the group's size ${size}: ${idle} nothing` };
}

/** `[k]`, `[x + k]` and 4*([k]&0xf); every packet has the header windows. */
function shortPacketHint(program: readonly Instruction[]): CheckFinding[] {
  const index = program.findIndex(([code, , , k]) => {
    const kind = code & 0xe0;
    return (code & 0x06) === 0 && (kind === 0x40 || ((kind === 0x20 || kind === 0xa0) && k < 0x80000000));
  });
  if (index < 0) return [];
  return [
    {
      index,
      message: 'a packet too short for this load (an empty datagram, a SYN) goes to slot 0',
    },
  ];
}
