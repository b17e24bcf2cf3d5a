/** What the commands of findings do to a machine, on paper: read from their text, as a shell would run them. */
import { spawnSync } from 'node:child_process';
import { disassemble } from '../../src/cbpf/disassemble.ts';
import { recognise } from '../../src/cbpf/programs.ts';
import type { Finding } from '../../src/diagnose/types.ts';
import { type Cpus, parseCpuList, parseCpuMask } from '../../src/host/cpus.ts';
import type { Group, Host, Nic } from '../../src/host/types.ts';
import { chooseProgram, type Wanted } from '../../src/steer/choose.ts';

/** Throws for a command that it does not know, and for one that the kernel would refuse. */
export function runFixes(host: Host, findings: readonly Finding[]): Host {
  return findings.flatMap(({ fix }) => fix.flatMap(unrolled)).reduce(run, host);
}

/** A loop prints what it would run. */
function unrolled(command: string): readonly string[] {
  if (!command.startsWith('for ')) return [command];
  const printed = command.replace(/(; |; do )([^;]+); done$/, (_, before: string, body: string) => {
    const words = body.replace(/^do /, '');
    return `${before.trim()}${body === words ? '' : ' do'} echo "${words.replaceAll('"', '\\"')}"; done`;
  });
  const { stdout, status } = spawnSync('sh', ['-c', printed], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`sh: ${command}`);
  return stdout.trim().split('\n');
}

function run(host: Host, command: string): Host {
  for (const [pattern, effect] of COMMANDS) {
    const match = pattern.exec(command);
    if (match !== null) return effect(host, ...match.slice(1));
  }
  throw new Error(`not a command of a finding: ${command}`);
}

type Effect = (host: Host, ...words: string[]) => Host;

const COMMANDS: readonly (readonly [RegExp, Effect])[] = [
  [
    /^locality-tune xdp spread --iface (\S+) --by inner --cpus (\S+)$/,
    (host, name = '', list = '') => {
      onNic(host, name, (nic) => nic);
      const threads = (parseCpuList(list) ?? []).map((cpu) => {
        if (!host.machine.cpus.online.includes(cpu)) throw new Error(`CPU ${cpu} is not online`);
        return { kind: 'cpumap' as const, pid: 100 + cpu, comm: `cpumap/${cpu}/map:7`, cpu, seconds: 0 };
      });
      const kernelThreads = [...(host.machine.kernelThreads ?? []), ...threads];
      return { ...host, machine: { ...host.machine, kernelThreads } };
    },
  ],
  [
    /^echo (\S+) > \/proc\/irq\/(\d+)\/smp_affinity_list$/,
    (host, list = '', irq) => asked(host, Number(irq), list),
  ],
  [
    /^echo (\S+) > \/sys\/class\/net\/(\S+)\/queues\/(rx|tx)-(\d+)\/(rps|xps)_cpus$/,
    (host, mask = '', name = '', direction, queue) =>
      onNic(host, name, (nic) => {
        const cpus = parseCpuMask(mask) ?? [];
        const index = Number(queue);
        if (!(direction === 'rx' ? nic.rxQueues : nic.txQueues).some((each) => each.index === index))
          throw new Error(`${name} has no ${direction}-${queue}`);
        return direction === 'rx'
          ? {
              ...nic,
              rxQueues: nic.rxQueues.map((each) => (each.index === index ? { ...each, rps: cpus } : each)),
            }
          : {
              ...nic,
              txQueues: nic.txQueues.map((each) =>
                each.index === index ? { ...each, xpsCpus: cpus } : each,
              ),
            };
      }),
  ],
  [
    /^echo 0 > \/sys\/class\/net\/(\S+)\/threaded$/,
    (host, name = '') => onNic(host, name, (nic) => ({ ...nic, threadedNapi: false })),
  ],
  [
    /^ethtool -X (\S+) equal (\d+)$/,
    (host, name = '', n) => onNic(host, name, (nic) => equal(nic, Number(n))),
  ],
  [
    /^ethtool -X (\S+) hkey ([0-9a-f:]+)$/,
    (host, name = '', key = '') =>
      onNic(host, name, (nic) => {
        if (nic.rss?.key?.length !== key.length) throw new Error(`${name}: a key of another length`);
        return { ...nic, rss: { ...nic.rss, key } };
      }),
  ],
  [
    /^ethtool -N (\S+) rx-flow-hash (udp4|udp6) sdfn$/,
    (host, name = '', type = '') =>
      onNic(host, name, (nic) =>
        nic.rss ? { ...nic, rss: { ...nic.rss, fields: { ...nic.rss.fields, [type]: 'sdfn' } } } : nic,
      ),
  ],
  [
    /^f=\/etc\/default\/irqbalance.*\$IRQBALANCE_ARGS (.*)\\"" >> \$f\)$/,
    (host, options = '') => banned(host, options),
  ],
  [/^systemctl restart irqbalance$/, (host) => host],
  [/^taskset -a?cp (\d+) (\d+)$/, (host, cpu, id) => pinned(host, Number(id), Number(cpu))],
  [
    /^locality-tune attach (.*?)(?: --program (\S+))? --yes$/,
    (host, selector = '', name = 'cpu') =>
      selected(host, selector, (group) => attached(group, { name } as Wanted)),
  ],
  [
    /^locality-tune detach (.*) --yes$/,
    (host, selector = '') =>
      selected(host, selector, (group) => ({ ...group, selection: 'hash', program: null })),
  ],
];

function onNic(host: Host, name: string, change: (nic: Nic) => Nic): Host {
  if (!host.nics.some((nic) => nic.name === name)) throw new Error(`no NIC ${name}`);
  return { ...host, nics: host.nics.map((nic) => (nic.name === name ? change(nic) : nic)) };
}

/** The kernel takes an affinity only with an online CPU in it, and delivers to one of them. */
function asked(host: Host, irq: number, list: string): Host {
  const online = new Set(host.machine.cpus.online);
  const affinity = (parseCpuList(list) ?? []).filter((cpu) => online.has(cpu));
  if (affinity.length === 0) throw new Error(`irq ${irq}: no CPU of ${list} is online`);
  return {
    ...host,
    nics: host.nics.map((nic) => {
      const own = nic.irqs.find((each) => each.irq === irq);
      if (own === undefined) return nic;
      const stays = affinity.find((cpu) => own.effective?.includes(cpu));
      const effective: Cpus = [stays ?? affinity[0] ?? 0];
      const place = <T extends { readonly irq: number | null; readonly cpus: Cpus }>(queue: T): T =>
        queue.irq === irq ? { ...queue, cpus: effective } : queue;
      return {
        ...nic,
        irqs: nic.irqs.map((each) => (each === own ? { ...each, affinity, effective } : each)),
        rxQueues: nic.rxQueues.map(place),
        txQueues: nic.txQueues.map(place),
      };
    }),
  };
}

function equal(nic: Nic, queues: number): Nic {
  if (nic.rss === null || queues > nic.rxQueues.length) throw new Error(`${nic.name}: refused`);
  if (nic.driver === 'ixgbe' && queues > (nic.rss.indirection.length > 128 ? 64 : 16))
    throw new Error(`${nic.name}: RSS does not reach ${queues} queues`);
  const indirection = nic.rss.indirection.map((_, entry) => entry % queues);
  return { ...nic, rss: { ...nic.rss, indirection } };
}

function banned(host: Host, options: string): Host {
  // A shell takes most of the time of these tests.
  const plain = !options.includes('$(');
  const words = plain ? options : spawnSync('sh', ['-c', `echo ${options}`], { encoding: 'utf8' }).stdout;
  const bannedIrqs = words
    .trim()
    .split(/\s+/)
    .map((each) => Number(each.replace('--banirq=', '')));
  return { ...host, machine: { ...host.machine, irqbalance: { ...host.machine.irqbalance, bannedIrqs } } };
}

function pinned(host: Host, id: number, cpu: number): Host {
  return {
    ...host,
    nics: host.nics.map((nic) => ({
      ...nic,
      napiThreads:
        nic.napiThreads?.map((each) => (each.pid === id ? { ...each, cpus: [cpu] } : each)) ?? null,
    })),
    groups: host.groups.map((group) => ({
      ...group,
      sockets: group.sockets.map((socket) => {
        const owners = socket.owners.map((owner) =>
          (owner.tid ?? owner.pid) === id ? { ...owner, cpus: [cpu] } : owner,
        );
        return { ...socket, owners, cpus: [...new Set(owners.flatMap(({ cpus }) => cpus ?? []))] };
      }),
    })),
  };
}

function selected(host: Host, selector: string, change: (group: Group) => Group): Host {
  const [, port, pid, fd] = /^(?:--port (\d+)(?: --udp)?|--pid (\d+) --fd (\d+))$/.exec(selector) ?? [];
  const udp = selector.includes('--udp');
  const fits = (group: Group) =>
    port !== undefined
      ? group.port === Number(port) && (group.protocol === 'udp') === udp
      : group.sockets.some(({ owners, holders }) =>
          [...owners, ...holders].some((each) => each.pid === Number(pid) && each.fd === Number(fd)),
        );
  if (host.groups.filter(fits).length !== 1) throw new Error(`not one group: ${selector}`);
  return { ...host, groups: host.groups.map((group) => (fits(group) ? change(group) : group)) };
}

/** Foreign programs are refused without --force, as are programs that can't be made for the group. */
function attached(group: Group, wanted: Wanted): Group {
  const now = group.program?.instructions ?? null;
  if (group.program !== null && (now === null || recognise(now) === null)) throw new Error('foreign program');
  const { instructions } = chooseProgram(wanted, group, group.size, []);
  return {
    ...group,
    selection: 'cbpf',
    program: { kind: 'cbpf', name: wanted.name, asm: disassemble(instructions), instructions },
  };
}
