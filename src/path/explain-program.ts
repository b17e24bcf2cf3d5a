/** Runs a group's program on one flow, of which only addresses and ports are known. */
import { EMPTY, type Environment } from '../cbpf/environment.ts';
import {
  EXTENSIONS,
  type Instruction,
  SKF_AD_ALU_XOR_X,
  SKF_AD_OFF,
  SKF_LL_OFF,
  SKF_NET_OFF,
} from '../cbpf/instruction.ts';
import { loadSize } from '../cbpf/load.ts';
import { compile, earlyExitText, type Run } from '../cbpf/simulate.ts';
import type { Flow } from './flow.ts';

export interface Ran {
  /** Unsigned 32 bit; null if it depends on something unknown. */
  readonly result: number | null;
  /** Does a random number decide? */
  readonly random: boolean;
  readonly why: string;
}

/** Where the packet is when the program runs; null: not known. */
export interface ReceivedOn {
  readonly cpu: number | null;
  /** The queue that the driver recorded; `none` if no driver did. */
  readonly rxQueue: number | 'none' | null;
}

/** Runs a program on many flows. A run ends at the first read of something that a flow does not contain. */
export function runner(program: readonly Instruction[]): (flow: Flow, place: ReceivedOn) => Ran {
  const run = compiled(program);
  if (typeof run === 'string') return () => unknown(run);
  return (flow, { cpu, rxQueue }) => {
    const known = { flow, cpu, queue: rxQueue };
    let missing: string | null = null;
    let x = 0;
    const outcome = run(environmentOf(flow, cpu, rxQueue), (index, _, next) => {
      missing ??= unknownIn(program[index], x, known);
      x = next;
    });
    const { earlyExit, result } = outcome;
    // The instruction that ended it early was not watched.
    if (earlyExit?.why === 'load') missing ??= unknownIn(program[earlyExit.index], x, known);
    if (missing !== null)
      return { result: null, random: missing === RANDOM, why: `the program reads ${missing}` };
    const why = earlyExit === null ? '' : `: ${earlyExitText(earlyExit)}, which ends the program`;
    return { result, random: false, why: `the program returns ${result}${why}` };
  };
}

const RANDOM = 'a random number';

function unknown(why: string): Ran {
  return { result: null, random: false, why };
}

/** Or what is wrong with instructions that no kernel would run; a torn read of kernel memory can return such. */
function compiled(program: readonly Instruction[]): Run | string {
  try {
    return compile(program);
  } catch (error) {
    if (error instanceof RangeError) return `the attached program can't be run: ${error.message}`;
    throw error;
  }
}

interface Known {
  readonly flow: Flow;
  readonly cpu: number | null;
  readonly queue: ReceivedOn['rxQueue'];
}

/** The unknown value that an instruction reads; null for none. @param x X before it */
function unknownIn(instruction: Instruction | undefined, x: number, known: Known): string | null {
  if (instruction === undefined) return null;
  const [code, , , k] = instruction;
  if ((code & 0x07) > 1) return null;
  switch (code & 0xe0) {
    case 0x20:
      return k >= SKF_AD_OFF
        ? unknownExtension(k - SKF_AD_OFF, known)
        : unknownBytes(k | 0, loadSize(code), known.flow);
    case 0x40:
      return unknownBytes((x + k) | 0, loadSize(code), known.flow);
    case 0x80:
      return known.flow.protocol === 'tcp' ? null : "the datagram's length";
    case 0xa0:
      return unknownBytes(k | 0, 1, known.flow);
    default:
      return null;
  }
}

function unknownExtension(offset: number, { cpu, queue }: Known): string | null {
  if (offset === SKF_AD_ALU_XOR_X) return null;
  const word = EXTENSIONS.get(offset);
  switch (word) {
    case 'proto':
    case 'type':
    case 'vlan_tci':
    case 'vlan_avail':
    case 'vlan_tpid':
      return null;
    case 'cpu':
      return cpu === null ? 'the receiving CPU, which is not known' : null;
    case 'queue':
      return queue === null
        ? 'the rx queue, which is not known (a driver with one queue may not record it)'
        : null;
    case 'rand':
      return RANDOM;
    case 'rxhash':
      return "the NIC's hash, which the kernel has only where receive-hashing is on (ethtool -k)";
    default:
      return `${word ?? 'metadata'}, which does not follow from a flow`;
  }
}

/** A SYN has no payload; in the headers only the fields of the flow are known. */
function unknownBytes(offset: number, size: number, { protocol, source }: Flow): string | null {
  if (offset >= 0) return protocol === 'tcp' ? null : "the datagram's contents";
  const v4 = source.bytes.length === 4;
  const network = offset >= SKF_NET_OFF;
  const from = offset - (network ? SKF_NET_OFF : SKF_LL_OFF);
  const known = !network ? ETHERTYPE : v4 ? IPV4 : IPV6;
  for (let at = from; at < from + size; at++)
    if (!known.some(([first, last]) => at >= first && at <= last))
      return 'header fields that do not follow from a flow';
  return null;
}

/**
 * Offsets, first and last, that a flow determines: the header's length (no options), the protocol, addresses, ports.
 */
const IPV4 = [
  [0, 0],
  [9, 9],
  [12, 23],
] as const;
/** Next header (no extensions), addresses, ports. */
const IPV6 = [
  [6, 6],
  [8, 43],
] as const;
const ETHERTYPE = [[12, 13]] as const;

const [ETH_P_IP, ETH_P_IPV6, IPPROTO_TCP, IPPROTO_UDP, TCP_HEADER, UDP_HEADER] = [
  0x0800, 0x86dd, 6, 17, 20, 8,
];

function environmentOf(flow: Flow, cpu: number | null, rxQueue: ReceivedOn['rxQueue']): Environment {
  const network = networkHeader(flow);
  const protocol = flow.source.bytes.length === 4 ? ETH_P_IP : ETH_P_IPV6;
  const link = new Uint8Array(14 + network.length);
  link.set([protocol >> 8, protocol & 0xff], 12);
  link.set(network, 14);
  const queue = typeof rxQueue === 'number' ? rxQueue + 1 : 0;
  return { ...EMPTY, cpu: cpu ?? 0, queue, protocol, network, link };
}

/** Bytes that a flow does not determine are 0; unknownBytes() ensures that no program uses them. */
function networkHeader({ protocol, source, destination }: Flow): Uint8Array {
  const v4 = source.bytes.length === 4;
  const [start, addresses] = v4 ? [20, 12] : [40, 8];
  const tcp = protocol === 'tcp';
  const header = new Uint8Array(start + (tcp ? TCP_HEADER : UDP_HEADER));
  header[0] = v4 ? 0x45 : 0x60;
  header[v4 ? 9 : 6] = tcp ? IPPROTO_TCP : IPPROTO_UDP;
  header.set(source.bytes, addresses);
  header.set(destination.bytes, addresses + source.bytes.length);
  header.set([source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff], start);
  return header;
}
