/** Changes of reuseport groups: other workers, another program. */
import { disassemble } from '../cbpf/disassemble.ts';
import { isProgramName, needs, type ProgramName } from '../cbpf/programs.ts';
import { usableCpus } from '../diagnose/usable-cpus.ts';
import { type Cpus, parseCpuList } from '../host/cpus.ts';
import type { Group, GroupSocket, Host } from '../host/types.ts';
import { chooseProgram, type NamedProgram } from '../steer/choose.ts';
import { failure } from '../system/errors.ts';
import { onlyOnline } from './nics.ts';

/** Workers on paper have no process. */
const NO_PID = 0;

function eachGroup(host: Host, change: (group: Group) => Group): Host {
  if (host.groups.length === 0)
    throw failure(
      'no-groups',
      'what if: no reuseport group',
      'a captured tree has none: run it where the server runs',
    );
  return { ...host, groups: host.groups.map(change) };
}

/**
 * Worker i in slot i, pinned to the i-th CPU, as `worker_cpu_affinity auto` does. An attached program stays attached.
 * @param cpus null: all that are online and not isolated
 */
export function setWorkers(count: number, cpus: Cpus | null): (host: Host) => Host {
  return (host) => {
    const chosen = onlyOnline(host, cpus ?? usableCpus(host), 'workers');
    const socket = (comm: string, slot: number): GroupSocket => {
      const on = [chosen[slot % chosen.length] ?? 0];
      return {
        inode: 0,
        slot,
        slotSource: 'kernel',
        owners: [
          { pid: NO_PID, tid: null, comm, fd: -1, via: 'epoll', cpus: on, unit: null, container: null },
        ],
        holders: [],
        cpus: on,
        recvQueue: null,
        drops: null,
        connected: false,
        incomingCpu: null,
        packets: null,
      };
    };
    return eachGroup(host, (group) => {
      const comm = group.sockets[0]?.owners[0]?.comm ?? 'worker';
      const sockets = Array.from({ length: count }, (_, slot) => socket(comm, slot));
      return { ...group, size: count, sampledSeconds: null, sockets };
    });
  };
}

/**
 * null for an unknown program, or a list that the program does not use. @param list of weights, or of slots to drain
 */
export function setProgram(name: string, list: string | null): ((host: Host) => Host) | null {
  if (name === 'none') return list === null ? (host) => eachGroup(host, withoutProgram) : null;
  const wanted = isProgramName(name) ? wantedOf(name, list) : null;
  if (wanted === null) return null;
  return (host) => {
    const nodes = host.machine.cpus.numa.map(({ cpus }) => cpus);
    return eachGroup(host, (group) => withProgram(group, wanted, nodes));
  };
}

function wantedOf(name: ProgramName, list: string | null): NamedProgram | null {
  if (needs(name, 'weights')) {
    const weights = /^\d{1,5}(,\d{1,5})*$/.test(list ?? '') ? (list ?? '').split(',').map(Number) : null;
    return weights && { name, weights };
  }
  if (needs(name, 'drained')) {
    const drained = list === null ? null : parseCpuList(list);
    return drained && drained.length > 0 ? { name, drained } : null;
  }
  return list === null ? { name } : null;
}

function withProgram(group: Group, wanted: NamedProgram, nodes: readonly Cpus[]): Group {
  const { instructions } = chooseProgram(wanted, group, group.size, nodes);
  const program = { kind: 'cbpf', name: wanted.name, asm: disassemble(instructions), instructions } as const;
  return { ...group, selection: 'cbpf', program };
}

/** SO_INCOMING_CPU then applies again, if this kernel honours it. */
function withoutProgram(group: Group): Group {
  const incoming = group.sockets.some(({ incomingCpu }) => incomingCpu !== null);
  const selection =
    !incoming || group.incomingCpuHonoured === false
      ? 'hash'
      : group.incomingCpuHonoured === null
        ? null
        : 'incoming_cpu';
  return { ...group, selection, program: null };
}
