/** The owner of a process by its control group: a systemd unit, a container, a pod. */
import type { Files } from '../system/types.ts';
import type { Container } from './types.ts';

export interface Cgroup {
  readonly unit: string | null;
  readonly container: Container | null;
}

/** /proc/PID/cgroup; both null if the process is gone, or runs outside all of these. */
export function readCgroup(files: Files, pid: number): Cgroup {
  return parseCgroup(files.text(`/proc/${pid}/cgroup`) ?? '');
}

/** The hierarchy that systemd and container runtimes name: the unified one, or formerly `name=systemd`. */
const LINE = /^\d+:(?:name=systemd)?:(\/.*)$/gm;

/** Runtimes whose scope contains their name; a plain number of 64 digits below a pod is containerd's or Docker's. */
const SCOPE = /^(docker|cri-containerd|crio|libpod)-([0-9a-f]{64})\.scope$/;
const BARE = /^[0-9a-f]{64}$/;
const POD = /^(?:kubepods.*-)?pod([0-9a-f]{8}[-_][0-9a-f_-]{27})(?:\.slice)?$/;

/** Text of /proc/PID/cgroup (cgroups(7)). */
export function parseCgroup(text: string): Cgroup {
  const paths = [...text.matchAll(LINE)].map((match) =>
    (match[1] ?? '').split('/').filter((part) => part !== ''),
  );
  // Of two hierarchies (hybrid), the one with more information.
  const [deepest = []] = paths.sort((a, b) => b.length - a.length);
  return { unit: unitOf(deepest), container: containerOf(deepest) };
}

/** The innermost service or scope that is not a container; a user's manager only if nothing is below it. */
function unitOf(parts: readonly string[]): string | null {
  const units = parts.filter((part) => /\.(?:service|scope)$/.test(part) && !SCOPE.test(part));
  return units.at(-1) ?? null;
}

function containerOf(parts: readonly string[]): Container | null {
  const pod =
    parts.map((part) => POD.exec(part)?.[1]?.replaceAll('_', '-')).find((uid) => uid !== undefined) ?? null;
  for (const [at, part] of parts.entries()) {
    const [, scope, id] = SCOPE.exec(part) ?? [];
    if (scope !== undefined && id !== undefined) return { runtime: RUNTIMES.get(scope) ?? scope, id, pod };
    const parent = parts[at - 1] ?? '';
    if (BARE.test(part)) return { runtime: parent === 'docker' ? 'docker' : null, id: part, pod };
    const lxc = /^lxc\.payload\.(.+)$/.exec(part)?.[1] ?? (parent === 'lxc' ? part : undefined);
    if (lxc !== undefined) return { runtime: 'lxc', id: lxc, pod };
    const machine = /^machine-(.+)\.scope$/.exec(part)?.[1];
    if (machine !== undefined) return { runtime: 'machine', id: machine.replaceAll('\\x2d', '-'), pod };
  }
  return pod === null ? null : { runtime: null, id: null, pod };
}

const RUNTIMES: ReadonlyMap<string, string> = new Map([
  ['cri-containerd', 'containerd'],
  ['crio', 'cri-o'],
  ['libpod', 'podman'],
]);
