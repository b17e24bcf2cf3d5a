/** The common parts of all probes, which run under bpftrace 0.17 and later. */

/** The parts that differ from run to run. */
export interface Holes {
  /** How often the maps are printed, as bpftrace's `interval` probe has it: `s:1`, `ms:250`. */
  readonly interval: string;
  /** A condition that is true if no COMM ($3) is requested. */
  readonly anyComm: string;
}

/** For the scripts that people run. */
export const BY_HAND: Holes = { interval: 's:1', anyComm: 'str($3) == ""' };

/** bpftrace 0.23 compares two constant strings for every packet, at four times the cost of the rest of a filter. */
export const holesFor = (seconds: number, comm: string | null): Holes => ({
  interval: `ms:${Math.round(seconds * 1000)}`,
  anyComm: comm === null ? '1 == 1' : '0 == 1',
});

/** A condition: the process is PID ($1), and the thread is called COMM ($3). */
export const wantedBy = ({ anyComm }: Holes): string =>
  `($1 == 0 || pid == $1) && (${anyComm} || comm == str($3))`;

/** A condition: neither PID nor COMM is requested. */
export const noProcess = ({ anyComm }: Holes): string => `$1 == 0 && ${anyComm}`;

/**
 * Named as in the kernel. Numbers only: 0.17 removes the spaces in a macro, and newer versions expand a macro only to one
 * expression.
 */
const CONSTANTS = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_STREAM: 1,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  TCP_ESTABLISHED: 1,
  TCP_SYN_RECV: 3,
  TCP_CLOSE: 7,
  MSG_PEEK: '0x2',
  MSG_ERRQUEUE: '0x2000',
  SKB_FCLONE_UNAVAILABLE: 0,
  SKB_FCLONE_ORIG: 1,
  SKB_FCLONE_CLONE: 2,
  // As sk_buff.protocol has them, in network byte order.
  ETH_P_IP: '0x0008',
  ETH_P_IPV6: '0xdd86',
  POINTER_BYTES: 8,
  // Offsets of a byte in the header.
  IPHDR_PROTOCOL: 9,
  IPV6HDR_NEXTHDR: 6,
} as const;

/**
 * `header` as the first comment, a #define for each number that `parts` use, and the parts. `numbers` are those of this
 * probe alone.
 */
export function script(
  header: string,
  parts: readonly string[],
  numbers: Readonly<Record<string, number | string>> = {},
): string {
  const body = parts.filter((part) => part !== '').join('\n');
  const defines = Object.entries({ ...CONSTANTS, ...numbers }).flatMap(([name, value]) =>
    new RegExp(`\\b${name}\\b`).test(body) ? [`#define ${name} ${value}\n`] : [],
  );
  const head = defines.length === 0 ? '' : `${defines.join('')}\n`;
  return `${comment(header)}${head}${body}`;
}

const comment = (text: string): string => `/*\n${text.replace(/^(?=.)/gm, ' ').replace(/^/gm, ' *')}\n */\n`;

/** bpftrace prints `line` when all probes are attached. */
export const begin = (line: string): string => String.raw`BEGIN
{
	printf("${line}\n");
}
`;

/** Prints totals and clears nothing: the reader computes differences, so that no event is lost in between. */
export const printEvery = ({ interval }: Holes, maps: readonly string[]): string =>
  `interval:${interval}
{
${maps.map((map) => `\tprint(@${map});\n`).join('')}\ttime();
}
`;

/** At its end bpftrace prints every map that is not empty. */
export const clearAtEnd = (map: string): string => `END
{
	clear(@${map});
}
`;
