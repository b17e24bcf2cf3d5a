/** What machines of one kind usually have in common. Names and values are short text, equal if the setting is the same. */
import type { Cpus } from '../host/cpus.ts';
import type { Group, Host, Nic, RxQueue } from '../host/types.ts';
import { count, cpuNames } from '../words/phrase.ts';

type Trait = readonly [name: string, value: string | null];

/** What is not known is left out. @param nics the names of those that receive for a group */
export function traitsOf(host: Host, nics: ReadonlySet<string>): Readonly<Record<string, string>> {
  const traits = [
    ...ofMachine(host),
    ...host.nics.filter(({ name }) => nics.has(name)).flatMap(ofNic),
    ...[...Map.groupBy(host.groups.filter(isShared), portOf)].flatMap(ofPort),
  ];
  return Object.fromEntries(traits.filter((trait): trait is [string, string] => trait[1] !== null));
}

export const isShared = ({ size, kernelGroups }: Group): boolean => size > 1 || (kernelGroups ?? 1) > 1;

/** Addresses differ from machine to machine, ports do not. */
export const portOf = ({ protocol, port }: Group): string => `${protocol} ${port}`;

function ofMachine({ machine }: Host): readonly Trait[] {
  const { cpus, irqbalance } = machine;
  return [
    ['kernel', machine.kernel],
    ['distribution', machine.distro],
    ['architecture', machine.arch],
    ['CPUs', cpus.online.length === 0 ? null : `${cpus.online.length} online`],
    ['isolated CPUs', cpus.isolated.length === 0 ? 'none' : cpuNames(cpus.isolated)],
    ['irqbalance', running(irqbalance.running)],
    ['RFS', machine.rpsSockFlowEntries === null ? null : onOff(machine.rpsSockFlowEntries > 0)],
  ];
}

const running = (runs: boolean | null) => (runs === null ? null : runs ? 'running' : 'not running');
const onOff = (on: boolean) => (on ? 'on' : 'off');

function ofNic(nic: Nic): readonly Trait[] {
  const { name, rxQueues, txQueues, rss, rings, threadedNapi } = nic;
  const own = (trait: string, value: string | null): Trait => [`${name} ${trait}`, value];
  return [
    own('driver', nic.driver),
    own('RX queues', rxQueues.length === 0 ? null : String(rxQueues.length)),
    own('RX ring', rings === null ? null : String(rings.rx.current)),
    own('RSS table', rss === null ? null : tableOf(rss.indirection)),
    own('RSS fields of udp4', rss?.fields.udp4 ?? null),
    own('ntuple rules', rss?.ntupleRules == null ? null : String(rss.ntupleRules)),
    own('interrupts', spread(rxQueues)),
    own('RPS', setOn(rxQueues.map(({ rps }) => rps))),
    own('XPS', setOn(txQueues.map(({ xpsCpus }) => xpsCpus))),
    own('threaded NAPI', threadedNapi === null ? null : onOff(threadedNapi)),
  ];
}

/** `8 queues alike`, `8 queues, 1 to 5 entries each`. */
function tableOf(indirection: readonly number[]): string | null {
  if (indirection.length === 0) return null;
  const entries = [...Map.groupBy(indirection, (queue) => queue).values()].map((own) => own.length);
  const [least, most] = [Math.min(...entries), Math.max(...entries)];
  const queues = count(entries.length, 'queue');
  return most - least <= 1 ? `${queues} alike` : `${queues}, ${least} to ${most} entries each`;
}

/** Which CPU has which queue may differ between peers; over how many they are spread should not. */
function spread(queues: readonly RxQueue[]): string | null {
  const cpus = queues.flatMap(({ cpus }) => (cpus.length > 0 ? [cpus.join()] : []));
  if (cpus.length === 0 || cpus.length < queues.length) return null;
  const each = [...Map.groupBy(cpus, (set) => set).values()].map((own) => own.length);
  return `on ${count(each.length, 'CPU')}, at most ${count(Math.max(...each), 'queue')} on one`;
}

function setOn(sets: readonly (Cpus | null)[]): string | null {
  const known = sets.filter((set) => set !== null);
  if (known.length === 0) return null;
  const set = known.filter(({ length }) => length > 0).length;
  return set === 0 ? 'off' : set === known.length ? 'on all queues' : `on ${set} of ${known.length} queues`;
}

function ofPort([port, groups]: readonly [string, readonly Group[]]): readonly Trait[] {
  const own = (trait: string, value: (group: Group) => string | null): Trait => {
    const values = groups.map(value);
    const known = values.filter((each) => each !== null);
    return [
      `${port} ${trait}`,
      known.length < values.length ? null : [...new Set(known)].sort().join(' and '),
    ];
  };
  return [
    own('sockets', ({ size }) => String(size)),
    own('steered by', steeredBy),
    own('workers', ({ sockets }) => pinned(sockets.map(({ cpus }) => cpus))),
  ];
}

function steeredBy({ selection, program }: Group): string | null {
  switch (selection) {
    case null:
      return null;
    case 'hash':
      return 'hash';
    case 'incoming_cpu':
      return 'SO_INCOMING_CPU';
    default:
      return `program ${program?.name ?? 'of its own'}`;
  }
}

function pinned(workers: readonly Cpus[]): string | null {
  if (workers.some(({ length }) => length === 0)) return null;
  const alone = workers.filter(({ length }) => length === 1).length;
  return alone === workers.length
    ? 'pinned'
    : alone === 0
      ? 'not pinned'
      : `${alone} of ${workers.length} pinned`;
}
