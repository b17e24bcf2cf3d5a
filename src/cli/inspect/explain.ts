/** `locality-tune explain`: its options and help. The code is loaded when it runs. */
import type { Command } from 'commander';
import { type Method, parseKey } from '../../path/rss-hash.ts';
import type { Fields } from '../../path/rss-input.ts';
import { usage } from '../errors.ts';
import { addFrom, integer } from '../options.ts';
import type { ExplainCommandOptions } from './explain-run.ts';
import { addWhatIf, WHAT_IF_HELP } from './what-if-options.ts';

/** Values of --hash: Microsoft's, two others of ENA, and those that give both directions the same hash. */
const HASHES: ReadonlyMap<string, Method> = new Map([
  ['toeplitz', { variant: 'toeplitz', xfrm: 'none' }],
  ['toeplitz-reversed', { variant: 'toeplitz-reversed', xfrm: 'none' }],
  ['toeplitz-reversed-ones', { variant: 'toeplitz-reversed-ones', xfrm: 'none' }],
  ['symmetric-xor', { variant: 'toeplitz', xfrm: 'symmetric-xor' }],
  ['symmetric-or-xor', { variant: 'toeplitz', xfrm: 'symmetric-or-xor' }],
]);

const EXAMPLES = `
Computes the path of a new connection or datagram: what the NIC hashes, the entry of its RSS table,
the queue, IRQ and CPU, the group that receives it, the slot that the program picks, the worker, and
the TX queue of the answer. A dash means not known, with the reason. Where chance decides, it shows
the odds.
${WHAT_IF_HELP}

Examples:
  locality-tune explain tcp 198.51.100.7:40001 192.0.2.10:443
  locality-tune explain udp [2001:db8::7]:4000 [2001:db8::1]:53 --iface eth0
  locality-tune explain tcp 198.51.100.7 192.0.2.10:443 --ports 4    client ports of each queue
  locality-tune explain tcp 1.2.3.4:7000 1.2.3.5:7000 --rss-key 6d:5a:… --indirection 0,1,2,3
  locality-tune explain tcp 198.51.100.7:40001 192.0.2.10:443 --with program=map
  locality-tune explain --pcap syns.pcap --iface eth0 --with channels=8 --with irq=spread`;

export function register(program: Command): void {
  const command = addFrom(program.command('explain'))
    .description(
      'Explain the path of one flow: RSS hash, queue, IRQ, CPU, slot, worker, and the TX queue of the answer',
    )
    .argument('[protocol]', 'tcp or udp')
    .argument('[source]', 'ADDRESS:PORT of the client; [ADDRESS]:PORT for IPv6')
    .argument('[destination]', 'ADDRESS:PORT of the server')
    .option('-I, --iface <name>', 'the interface on which it arrives (default: the only one)')
    .option(
      '--rss-key <hex>',
      'compute only the hash, with this key (as `ethtool -x` prints it); reads no machine',
      key,
    )
    .option('--indirection <list>', 'with --rss-key: the queue of each table entry, such as 0,1,2,3', queues)
    .option('--hash <how>', `${[...HASHES.keys()].join(', ')}: the hash that the NIC computes`, hash)
    .option(
      '--fields <letters>',
      'fields that the NIC hashes: sd (addresses) or sdfn (addresses and ports)',
      fields,
    )
    .option('--fragments', 'UDP: the datagram is fragmented (larger than the MTU)')
    .option(
      '--cpu <n>',
      "the receiving CPU, if it is not known; on loopback the sender's CPU",
      integer('--cpu', 0, 8191),
    )
    .option('--ports <n>', 'list N client ports for each queue', integer('--ports', 1, 1000))
    .option('--no-slots', 'do not read slots and programs with bpftrace, which takes 1 to 3 s')
    .option('--all', 'text output: show every bar');
  addWhatIf(command)
    .addHelpText('after', EXAMPLES)
    .action(
      async (
        protocol: string | undefined,
        source: string | undefined,
        destination: string | undefined,
        _: unknown,
        self: Command,
      ) => {
        const { runExplain } = await import('./explain-run.ts');
        await runExplain(
          [protocol, source, destination].filter((word) => word !== undefined),
          self.optsWithGlobals<ExplainCommandOptions>(),
        );
      },
    );
}

function key(text: string): string {
  if (parseKey(text) !== null) return text;
  throw usage(
    `--rss-key '${text.length > 24 ? `${text.slice(0, 24)}…` : text}': must be a key of at least 12 bytes in hex`,
    'ethtool -x prints it',
  );
}

/** Entries in order: `0,1,2,3`, `0 1 2 3`. */
function queues(text: string): readonly number[] {
  const list = text.trim().split(/[\s,]+/);
  if (list.every((word) => /^\d{1,5}$/.test(word))) return list.map(Number);
  throw usage(`--indirection '${text}': must be queue numbers separated by commas`, 'for example 0,1,2,3');
}

function hash(text: string): Method {
  const method = HASHES.get(text);
  if (method === undefined) throw usage(`--hash '${text}': must be one of ${[...HASHES.keys()].join(', ')}`);
  return method;
}

function fields(text: string): Fields {
  if (text === 'sd' || text === 'sdfn') return text;
  throw usage(`--fields '${text}': must be sd or sdfn`);
}
