/** The values that an option or an argument may have. */
import type { Argument, Option } from 'commander';
import { interfaceNames, openPorts, processNames } from '../../host/names.ts';
import { openFiles } from '../../system/files.ts';
import type { Candidates, Offer, Place, Values } from './candidates.ts';
import { NOTHING } from './candidates.ts';

type Source = (place: Place, typed: string) => Candidates | Promise<Candidates>;

const offer = (value: string | number, says = ''): Offer => ({ value: String(value), says });
const only = (offers: readonly Offer[]): Candidates => ({ how: [], offers });
const words =
  (...values: readonly string[]): Source =>
  () =>
    only(values.map((value) => offer(value)));
const files: Source = () => ({ how: ['files'], offers: [] });
const folders: Source = () => ({ how: ['folders'], offers: [] });
const nothing: Source = () => NOTHING;

/** By long name; `command --name` overrides it for one command. The rest follow from their placeholders. */
const OPTIONS: Readonly<Record<string, Source>> = {
  '--iface': interfaces,
  '--port': ports,
  'sim --port': nothing,
  '--pid': processes,
  '--netns': namespaces,
  '--journal': journals,
  '--program': programs,
  '--only': async (_, typed) => list(await kinds(), typed),
  '--repair': async (_, typed) =>
    list(typed.includes(',') ? await kinds() : ['all', 'none', ...(await kinds())], typed),
  '--ignore': rules,
  '--with': changes,
  '--for': async () => only((await import('../../doctor/commands.ts')).EVERY.map((name) => offer(name))),
  '--color': words('auto', 'always', 'never'),
  '--by': words('cpu', 'rand', 'flow'),
  'skb --by': words('use', 'free'),
  'spread --by': words('flow', 'inner', 'quic', 'payload:0:0x000fffff', 'round', 'random'),
  '--fail-on': words('warning', 'error'),
  '--fields': words('sd', 'sdfn'),
  '--form': words('asm', 'tcpdump'),
  '--require': words('gain', 'no-loss'),
  '--metric': metrics,
  '--listen': words('127.0.0.1:9884', '[::1]:9884'),
  '--probes': async (_, typed) => list(await probes(), typed),
  'export --sample': words('5/60', '5/300'),
  'watch --sample': words('5/60', '5/300'),
  '--hash': words(
    'toeplitz',
    'toeplitz-reversed',
    'toeplitz-reversed-ones',
    'symmetric-xor',
    'symmetric-or-xor',
  ),
};

/** By command and name. */
const ARGUMENTS: Readonly<Record<string, Source>> = {
  'completion shell': words('bash', 'zsh', 'fish'),
  'explain protocol': words('tcp', 'udp'),
  'findings rule': rules,
  'help command': nothing,
  // Only root can read which ones there are.
  'remove backend': nothing,
  'programs name': async () => only((await programNames()).map(({ name, says }) => offer(name, says))),
  'schema name': async () =>
    only((await import('../../system/package.ts')).schemaNames().map((name) => offer(name))),
  'sim program': programs,
};

/** What stands in the help for a value: of these there is nothing to list. */
const FREE: ReadonlySet<string> = new Set([
  'n',
  'seconds',
  'duration',
  'list',
  'lists',
  'slots',
  'hex',
  'url',
  'labels',
  'header',
  'percent',
  'fd',
  'id',
  'name',
  'source',
  'destination',
  'words',
]);

export const valuesOf: Values = async (of, place, typed) =>
  (await sourceOf(of, place)(place, typed)) ?? NOTHING;

/** Throws if nobody has decided what to offer for it; a test asks for all of them. */
export function sourceOf(of: Option | Argument, { command }: Pick<Place, 'command'>): Source {
  if (of.argChoices !== undefined) return words(...of.argChoices);
  const isOption = 'long' in of;
  const name = isOption ? (of.long ?? '') : of.name();
  const known = isOption
    ? (OPTIONS[`${command.name()} ${name}`] ?? OPTIONS[name])
    : ARGUMENTS[`${command.name()} ${name}`];
  if (known !== undefined) return known;
  const stands = isOption ? (/[<[]([^>\]]*?)(?:\.\.\.)?[>\]]$/.exec(of.flags)?.[1] ?? '') : name;
  if (stands === 'file') return files;
  if (stands === 'dir') return folders;
  if (FREE.has(stands)) return nothing;
  if (stands.includes('|')) return alternatives(stands.split('|'));
  throw new Error(`completion: nothing is known of ${command.name()} ${name} <${stands}>`);
}

/** `applied|now|file`: words, and perhaps a file. */
function alternatives(stands: readonly string[]): Source {
  const how: Candidates['how'] = stands.includes('file') ? ['files'] : [];
  const offers = stands.filter((word) => word !== 'file').map((word) => offer(word));
  return () => ({ how, offers });
}

/** The folder in /proc of a process in the namespace that the command line names; null if none is known. */
function procOf({ given }: Place): string | null {
  const netns = given.get('--netns');
  if (netns === undefined) return '/proc/self';
  return /^\d+$/.test(netns) ? `/proc/${netns}` : null;
}

/** A captured tree is another machine, whose names nobody knows here. */
const isElsewhere = ({ given }: Place): boolean => given.has('--root') || given.has('--from');

function interfaces(place: Place): Candidates {
  const proc = procOf(place);
  return proc === null || isElsewhere(place)
    ? NOTHING
    : only(interfaceNames(proc).map((name) => offer(name)));
}

/** Commands that need a group. */
const OF_GROUPS: ReadonlySet<string> = new Set(['attach', 'detach', 'prove']);

function ports(place: Place): Candidates {
  const proc = procOf(place);
  if (proc === null || isElsewhere(place)) return NOTHING;
  const open = openPorts(proc);
  const groups = open.filter(({ sockets }) => sockets > 1);
  const shown = OF_GROUPS.has(place.command.name()) && groups.length > 0 ? groups : open;
  return only(
    shown.map(({ port, protocols, sockets }) =>
      offer(port, `${protocols.join(', ')}${sockets > 1 ? `: a reuseport group of ${sockets} sockets` : ''}`),
    ),
  );
}

function processes(): Candidates {
  return only(processNames(openFiles('/')).map(({ pid, comm }) => offer(pid, comm)));
}

async function namespaces(): Promise<Candidates> {
  const { netnsNames } = await import('../../system/netns.ts');
  return only(unlessRefused(netnsNames).map((name) => offer(name)));
}

async function journals(): Promise<Candidates> {
  const { listJournals } = await import('../../tune/journal-file.ts');
  const { places } = await import('../../tune/places.ts');
  return only(unlessRefused(() => listJournals(places().state)).map(({ id }) => offer(id)));
}

/** Nothing may be printed between the prompt and what the user types. */
function unlessRefused<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch {
    return [];
  }
}

async function programNames() {
  const { PROGRAM_NAMES, programNamed } = await import('../../cbpf/programs.ts');
  return PROGRAM_NAMES.map((name) => ({ name, says: programNamed(name).purpose }));
}

async function programs({ command }: Place): Promise<Candidates> {
  const offers = (await programNames()).map(({ name, says }) => offer(name, says));
  const isFileToo = ['attach', 'prove', 'sim'].includes(command.name());
  return { how: isFileToo ? ['files'] : [], offers };
}

const kinds = async (): Promise<readonly string[]> => (await import('../../tune/types.ts')).KINDS;

const probes = async (): Promise<readonly string[]> => (await import('../../export/probes.ts')).PROBES;

/** The next word of a list with commas, in which each word stands once. */
function list(of: readonly string[], typed: string): Candidates {
  const before = typed.slice(0, typed.lastIndexOf(',') + 1);
  const given = before.split(',');
  return only(of.filter((word) => !given.includes(word)).map((word) => offer(before + word)));
}

/** Those that may decide. */
async function metrics(): Promise<Candidates> {
  const { ABOUT } = await import('../../prove/metrics.ts');
  const deciding = Object.entries(ABOUT).filter(([, { decides }]) => decides);
  return only(deciding.map(([name, { label }]) => offer(name, label)));
}

async function rules(): Promise<Candidates> {
  const { inBrief, parseRuleTexts } = await import('../../diagnose/rule-texts.ts');
  const { findingsPage } = await import('../../system/package.ts');
  return only(parseRuleTexts(findingsPage()).map((text) => offer(text.rule, inBrief(text))));
}

async function changes(): Promise<Candidates> {
  const { GROUP_PROGRAMS } = await import('../../cbpf/programs.ts');
  const whole = ['rss=equal', 'rss=default', 'irq=spread', 'xps=irq', 'xps=off', 'rps=off', 'rfs=off'];
  const offers = [...whole, ...GROUP_PROGRAMS.map((name) => `program=${name}`), 'program=none'];
  return only(['channels=', 'workers=', ...offers].map((value) => offer(value)));
}
