/** `--with "rss=equal 8"`: changes a machine on paper. Nothing here touches a real machine. */
import { GROUP_PROGRAMS } from '../cbpf/programs.ts';
import { parseCpuList } from '../host/cpus.ts';
import type { Host } from '../host/types.ts';
import { withChannels } from './channels.ts';
import { setProgram, setWorkers } from './groups.ts';
import { setIrqs, setRfs, setRps, setXps } from './steering.ts';
import { equalTable, setTable, weightedTable } from './table.ts';

/** Changes every interface with queues and every group of the host. Throws Failure if the kernel would refuse. */
export type HostChange = (host: Host) => Host;

/** A change, or what is wrong with the text. */
export function parseHostChange(text: string): HostChange | string {
  const [, name = '', rest = ''] = /^\s*([a-z]+)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
  const parser = PARSERS.get(name);
  if (parser === undefined) return `'${text}': must be one of ${[...PARSERS.keys()].join('=, ')}=`;
  const change = parser.parse(rest.split(/\s+/).filter((word) => word !== ''));
  return change ?? `'${text}': not ${parser.forms}`;
}

interface Parser {
  /** How to write it. */
  readonly forms: string;
  readonly parse: (words: readonly string[]) => HostChange | null;
}

const PARSERS: ReadonlyMap<string, Parser> = new Map<string, Parser>([
  [
    'channels',
    {
      forms: 'channels=N',
      parse: ([count, ...more]) => whole(count, more, (n) => (n > 0 ? withChannels(n) : null)),
    },
  ],
  ['rss', { forms: 'rss=equal [N [FIRST]], rss=weight W…, rss=default', parse: rss }],
  [
    'irq',
    {
      forms: 'irq=spread, irq=CPUS',
      parse: ([word, ...more]) => choose(word, more, { spread: setIrqs(null) }, setIrqs),
    },
  ],
  [
    'xps',
    {
      forms: 'xps=irq, xps=off',
      parse: ([word, ...more]) => choose(word, more, { irq: setXps('irq'), off: setXps('off') }),
    },
  ],
  [
    'rps',
    {
      forms: 'rps=off, rps=CPUS',
      parse: ([word, ...more]) => choose(word, more, { off: setRps([]) }, setRps),
    },
  ],
  ['rfs', { forms: 'rfs=off', parse: ([word, ...more]) => choose(word, more, { off: setRfs }) }],
  ['workers', { forms: 'workers=N [CPUS]', parse: workers }],
  [
    'program',
    {
      forms: `program=${GROUP_PROGRAMS.join(', ')}, weighted 3,1, drain 2, none`,
      parse: ([name, list, ...more]) =>
        name === undefined || more.length > 0 ? null : setProgram(name, list ?? null),
    },
  ],
]);

function rss([how, ...words]: readonly string[]): HostChange | null {
  const numbers = words.map(natural);
  if (!numbers.every((number) => number !== null)) return null;
  const [count, first = 0] = numbers;
  if (how === 'weight') return numbers.some((weight) => weight > 0) ? setTable(weightedTable(numbers)) : null;
  if (how === 'default') return words.length === 0 ? setTable(equalTable(null, 0)) : null;
  return how === 'equal' && words.length <= 2 && count !== 0
    ? setTable(equalTable(count ?? null, first))
    : null;
}

function workers([count, list, ...more]: readonly string[]): HostChange | null {
  const cpus = list === undefined ? null : parseCpuList(list);
  if (list !== undefined && (cpus === null || cpus.length === 0)) return null;
  return whole(count, more, (n) => (n > 0 ? setWorkers(n, cpus) : null));
}

function whole(
  word: string | undefined,
  more: readonly string[],
  make: (n: number) => HostChange | null,
): HostChange | null {
  const number = natural(word ?? '');
  return number === null || more.length > 0 ? null : make(number);
}

/** One of these words, or a list of CPUs if allowed. */
function choose(
  word: string | undefined,
  more: readonly string[],
  words: Readonly<Record<string, HostChange>>,
  ofCpus: ((cpus: readonly number[]) => HostChange) | null = null,
): HostChange | null {
  if (word === undefined || more.length > 0) return null;
  if (Object.hasOwn(words, word)) return words[word] ?? null;
  const cpus = parseCpuList(word);
  return ofCpus !== null && cpus !== null && cpus.length > 0 ? ofCpus(cpus) : null;
}

/** More than any machine has of anything. */
const natural = (text: string) => (/^\d{1,5}$/.test(text) ? Number(text) : null);
