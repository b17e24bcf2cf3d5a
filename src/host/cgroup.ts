/** Whose process it is, by its control group: a systemd unit, a container, a pod. */
import type { Files } from '../system/types.ts';
import type { Container } from './types.ts';

export interface Cgroup {
  /** As systemctl takes it, with its escapes: `web@a\x2db.service`. */
  readonly unit: string | null;
  readonly container: Container | null;
}

/** /proc/PID/cgroup; both null if the process has gone, or runs outside of all of these. */
export function readCgroup(files: Files, pid: number | 'self'): Cgroup {
  return parseCgroup(files.text(`/proc/${pid}/cgroup`) ?? '');
}

/**
 * Text of /proc/PID/cgroup (cgroups(7)). systemd names the unified hierarchy and `name=systemd`; if both exist (hybrid),
 * the deeper path says more. On a machine without systemd only the controllers' hierarchies name a container.
 */
export function parseCgroup(text: string): Cgroup {
  const { systemd, others } = pathsIn(text);
  const found = firstOf([...systemd, ...others], containerOf);
  return { unit: firstOf(systemd, unitOf), container: found?.container ?? null };
}

/** Only the container, with the path of its own control group, without those below; null outside of any. */
export function containerIn(text: string): ContainerGroup | null {
  const { systemd, others } = pathsIn(text);
  return firstOf([...systemd, ...others], containerOf);
}

interface ContainerGroup {
  readonly container: Container;
  readonly path: string;
}

type Paths = readonly (readonly string[])[];

/** Deepest first. */
function pathsIn(text: string): { readonly systemd: Paths; readonly others: Paths } {
  const lines = [...text.matchAll(LINE)].map(([, controllers = '', path = '']) => ({
    ofSystemd: controllers === '' || controllers === 'name=systemd',
    parts: partsOf(path),
  }));
  const byDepth = lines.sort((a, b) => b.parts.length - a.parts.length);
  const systemd = byDepth.flatMap(({ ofSystemd, parts }) => (ofSystemd ? [parts] : []));
  const others = byDepth.flatMap(({ ofSystemd, parts }) => (ofSystemd ? [] : [parts]));
  return { systemd, others };
}

function firstOf<T>(paths: Paths, find: (parts: readonly string[]) => T | null): T | null {
  for (const parts of paths) {
    const found = find(parts);
    if (found !== null) return found;
  }
  return null;
}

const LINE = /^\d+:([^:\n]*):(\/.*)$/gm;

/**
 * The names on a path. `..` leads out of this process's cgroup namespace (cgroup_namespaces(7)). systemd puts `_` before
 * a name that the kernel could take for a file of its own (cg_escape). A runtime that was told a name in systemd's form,
 * but makes the directory itself, leaves the colons in it: `kubepods-pod….slice:cri-containerd:0123…`.
 */
function partsOf(path: string): readonly string[] {
  return path
    .replace(/ \(deleted\)$/, '')
    .split('/')
    .filter((part) => part !== '' && part !== '..')
    .flatMap((part) => {
      const [, slice, runtime, id] = /^(.+\.slice):([\w-]+):([0-9a-f]{64})$/.exec(part) ?? [];
      return slice === undefined
        ? [part.replace(/^_(?=[_.]|[a-z_]+\.)/, '')]
        : [slice, `${runtime}-${id}.scope`];
    });
}

/** The innermost service or scope that is no container's: inside a container that runs systemd, the one in there. */
function unitOf(parts: readonly string[]): string | null {
  const units = parts.filter(
    (part, at) =>
      /.\.(?:service|scope)$/.test(part) && (containerAt(parts, at) === null || NSPAWN.test(part)),
  );
  return units.at(-1) ?? null;
}

/**
 * The innermost container, and the innermost pod around it: a node of a test cluster is a container itself. Without
 * one below the pod, only the pod is known.
 */
function containerOf(parts: readonly string[]): ContainerGroup | null {
  const podAt = parts.findLastIndex((part) => podIn(part) !== null);
  const at = parts.findLastIndex((_, each) => containerAt(parts, each) !== null);
  const container = at > podAt ? containerAt(parts, at) : null;
  const pod = podIn(parts[podAt] ?? '');
  if (container === null && pod === null) return null;
  const path = `/${parts.slice(0, Math.max(at, podAt) + 1).join('/')}`;
  return { container: { runtime: null, id: null, ...container, pod, ...UNNAMED }, path };
}

/** Kubernetes' uid, of a static pod a hash without dashes; podman's pods have 64 digits. */
const POD = /(?:^|-)pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;
const PODMAN_POD = /(?:^|-)libpod_pod_([0-9a-f]{64})(?:\.slice)?$/;

function podIn(part: string): string | null {
  return POD.exec(part)?.[1]?.replaceAll('_', '-') ?? PODMAN_POD.exec(part)?.[1] ?? null;
}

/** A scope of systemd, or a directory that the runtime made itself, with or without the runtime's name. */
const NUMBERED = /^(?:([\w-]+)-)?([0-9a-f]{64})(\.scope)?$/;
const NSPAWN = /^systemd-nspawn@(.+)\.service$/;

const RUNTIMES: ReadonlyMap<string, string> = new Map([
  ['cri-containerd', 'containerd'],
  ['crio', 'cri-o'],
  ['docker', 'docker'],
  ['libpod', 'podman'],
  ['libpod-payload', 'podman'],
  ['nerdctl', 'containerd'],
]);

const UNNAMED = { name: null, podName: null } as const;

type Named = Pick<Container, 'runtime' | 'id'>;

function containerAt(parts: readonly string[], at: number): Named | null {
  const part = parts[at] ?? '';
  const [numbered, prefix, id = null, scope] = NUMBERED.exec(part) ?? [];
  if (numbered !== undefined)
    return numberedContainer(prefix ?? null, id, scope !== undefined, parts[at - 1] ?? '');
  const lxc = /^lxc\.payload\.(.+)$/.exec(part)?.[1];
  if (lxc !== undefined) return { runtime: 'lxc', id: lxc };
  if (/^lxc(?:\.payload)?$/.test(parts[at - 1] ?? '')) return { runtime: 'lxc', id: part };
  const machine = /^machine-(.+)\.scope$/.exec(part)?.[1] ?? NSPAWN.exec(part)?.[1];
  return machine === undefined ? null : { runtime: 'machine', id: unescaped(machine) };
}

/** Not the monitor of a container, which runs beside it. */
function numberedContainer(
  prefix: string | null,
  id: string | null,
  scope: boolean,
  parent: string,
): Named | null {
  if (prefix === null) return { runtime: parent === 'docker' ? 'docker' : null, id };
  const runtime = RUNTIMES.get(prefix) ?? (scope && !prefix.endsWith('conmon') ? prefix : null);
  return runtime === null ? null : { runtime, id };
}

/** systemd escapes what a unit's name cannot hold, also a dash (systemd-escape(1)). */
const unescaped = (name: string): string =>
  name.replace(/\\x([0-9a-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
