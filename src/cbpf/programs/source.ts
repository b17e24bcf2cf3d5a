/**
 * The sender of a packet as one number, equal for all of its packets; read through the window onto the network header.
 */
import { type Instruction, SKF_AD_OFF, SKF_NET_OFF } from '../instruction.ts';
import { ADD_X, JA, JEQ, MUL, type ProgramLine, RSH, TAX, XOR_X } from './line.ts';

const at = (offset: number) => (SKF_NET_OFF + offset) >>> 0;
const loadWord = (offset: number): Instruction => [0x20, 0, 0, at(offset)];

const LD_PROTO: Instruction = [0x20, 0, 0, SKF_AD_OFF];
const ETH_P_IPV6 = 0x86dd;

/** Odd constants of MurmurHash3's finaliser (Austin Appleby, public domain): they carry low bits far up. */
const MULTIPLY: Instruction = [MUL, 0, 0, 0x85ebca6b];
const MULTIPLY_AGAIN: Instruction = [MUL, 0, 0, 0xc2b2ae35];

/** Leaves an unmixed number for the source address in A. IPv4 and IPv6. */
export function sourceAddress(): ProgramLine[] {
  const v4: ProgramLine[] = [[loadWord(12), 'IPv4: the source address']];
  const [first, ...others] = V6_WORDS;
  const v6: ProgramLine[] = [
    [loadWord(first), 'IPv6: the source address, first of four words'],
    ...others.flatMap(addWord),
  ];
  return either(v4, v6);
}

/**
 * Leaves an unmixed number for source address and port in A. IPv4 and IPv6; the IPv6 port only where no extension
 * header precedes it.
 */
export function sourceFlow(): ProgramLine[] {
  const v4: ProgramLine[] = [
    [[0xb1, 0, 0, at(0)], "IPv4: the header's length"],
    [[0x48, 0, 0, at(0)], 'the source port, right behind it'],
    [MULTIPLY, 'spread over all bits'],
    [TAX, 'and kept'],
    [loadWord(12), 'the source address'],
    [ADD_X, 'and the port'],
  ];
  const v6: ProgramLine[] = [[[0x28, 0, 0, at(40)], 'IPv6: the source port'], ...V6_WORDS.flatMap(addWord)];
  return either(v4, v6);
}

/** Offsets of the source address in the IPv6 header. */
const V6_WORDS = [8, 12, 16, 20] as const;

function addWord(offset: number): ProgramLine[] {
  return [
    [MULTIPLY, 'what there is so far, spread over all bits'],
    [TAX, 'and kept'],
    [loadWord(offset), `the next word of the source address`],
    [ADD_X, 'added to it'],
  ];
}

function either(v4: readonly ProgramLine[], v6: readonly ProgramLine[]): ProgramLine[] {
  return [
    [LD_PROTO, 'the Ethertype'],
    [[JEQ, v4.length + 1, 0, ETH_P_IPV6], 'IPv6 (0x86dd), or IPv4 as follows'],
    ...v4,
    [[JA, 0, 0, v6.length], 'over the part for IPv6'],
    ...v6,
  ];
}

/** Mixes every bit of A into all bits above it, so the upper bits of the result look random. Uses X. */
export function mix(): ProgramLine[] {
  return [
    [MULTIPLY, 'mix: low bits up'],
    [TAX, 'high bits'],
    [[RSH, 0, 0, 15], 'down again'],
    [XOR_X, 'to the low ones'],
    [MULTIPLY_AGAIN, 'and all of them up once more'],
  ];
}
