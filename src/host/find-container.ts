/** Finds running containers by an id or its beginning, a name, a pod, or a host name. */
import { failure } from '../system/errors.ts';
import type { Files } from '../system/types.ts';
import { containerIn } from './cgroup.ts';
import { named, readContainerNames } from './container-names.ts';
import type { Container } from './types.ts';

export interface RunningContainer {
  readonly container: Container;
  /** The path of its control group. */
  readonly path: string;
  /** Its first process. */
  readonly pid: number;
  /** `net:[4026531840]`; null if not readable. */
  readonly netns: string | null;
  /** The host name inside; null if not known. */
  readonly hostname: string | null;
}

/** All containers with a process. Reads the control group of every process. */
export function runningContainers(files: Files): readonly RunningContainer[] {
  const inside = new Map<string, { readonly container: Container; readonly pids: number[] }>();
  for (const name of files.list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const found = containerIn(files.text(`/proc/${name}/cgroup`) ?? '');
    if (found === null) continue;
    const { container, pids } = inside.get(found.path) ?? { ...found, pids: [] };
    inside.set(found.path, { container, pids: [...pids, Number(name)] });
  }
  const ids = new Set([...inside.values()].flatMap(({ container }) => container.id ?? []));
  const names = new Map(readContainerNames(files, ids).map((each) => [each.id, each]));
  return [...inside].map(([path, { container, pids }]) => {
    const pid = firstOf(files, pids);
    return {
      container: named(container, names),
      path,
      pid,
      netns: files.link(`/proc/${pid}/ns/net`),
      hostname: names.get(container.id ?? '')?.hostname ?? null,
    };
  });
}

/** Pids are reused, so the oldest process counts (field 22 of stat, after the name in parentheses). */
function firstOf(files: Files, pids: readonly number[]): number {
  const start = (pid: number) => {
    const stat = files.text(`/proc/${pid}/stat`) ?? '';
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? Number.POSITIVE_INFINITY);
  };
  const started = pids.map((pid) => ({ pid, at: start(pid) }));
  return started.reduce((first, each) => (each.at < first.at ? each : first)).pid;
}

/**
 * The container of that name; of the containers of a pod, which share a network namespace, the first. null: none.
 * Throws Failure `ambiguous-netns` if containers in several network namespaces fit.
 */
export function findContainer(running: readonly RunningContainer[], target: string): RunningContainer | null {
  const exact = running.filter((each) => namesOf(each).includes(target));
  const found = exact.length > 0 ? exact : running.filter((each) => beginsWith(each.container, target));
  const [first] = found;
  if (first === undefined) return null;
  if (new Set(found.map(({ netns, pid }) => netns ?? pid)).size === 1) return first;
  throw failure(
    'ambiguous-netns',
    `--netns ${target}: ${found.length} running containers fit`,
    `name one of them by more of its id, or by a pid: ${found.map(describe).join(', ')}`,
  );
}

function namesOf({
  container: { id, name, pod, podName },
  hostname,
}: RunningContainer): readonly (string | null)[] {
  const [, podOnly = null] = podName?.split('/') ?? [];
  return [id, name, pod, podName, podOnly, hostname];
}

/** Fewer digits fit too many containers. */
const DIGITS = /^[0-9a-f]{4,63}$/;
const UID = /^[0-9a-f]{8}[0-9a-f-]*$/;

/** Names of LXC and systemd's machines cannot be abbreviated. */
function beginsWith({ id, pod }: Container, target: string): boolean {
  const numbered = id !== null && /^[0-9a-f]{64}$/.test(id);
  return (
    (numbered && DIGITS.test(target) && id.startsWith(target)) ||
    (pod !== null && UID.test(target) && pod.startsWith(target))
  );
}

/** `docker 0123456789ab web (pid 4711)`: enough to distinguish two, always with the pid. */
export function describe({ container: { runtime, id, pod, name, podName }, pid }: RunningContainer): string {
  const short = id !== null && /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
  const words = [runtime ?? 'container', short, podName ?? (pod === null ? null : `pod ${pod}`), name];
  return `${words.filter((word) => word !== null).join(' ')} (pid ${pid})`;
}
