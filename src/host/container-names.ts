/**
 * What containers are called, from the files that their runtimes keep, without asking a daemon: Docker's
 * config.v2.json, the containers.json of containers/storage (podman, CRI-O), the OCI bundles of containerd, and the
 * names of nerdctl. Only root can read them.
 */
import type { Files } from '../system/types.ts';
import type { Container } from './types.ts';

export interface ContainerName {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** `web`; in a pod that of its own container, null for the pod's sandbox. */
  readonly name: string | null;
  /** `default/web-0`; null outside of Kubernetes. */
  readonly pod: string | null;
  /** The host name inside. */
  readonly hostname: string | null;
}

/** Where names were looked for and which folders exist, in the words of an error. */
export const NAME_FOLDERS = [
  '/var/lib/docker/containers',
  '/var/lib/containers/storage',
  '/run/containerd',
] as const;

/** @param only these ids; null: all, running or not */
export function readContainerNames(files: Files, only: ReadonlySet<string> | null): readonly ContainerName[] {
  const wanted = (id: string) => /^[0-9a-f]{64}$/.test(id) && (only === null || only.has(id));
  const found = [
    ...docker(files, wanted),
    ...storage(files),
    ...containerd(files, wanted),
    ...nerdctl(files),
  ];
  const byId = Map.groupBy(
    found.filter(({ id }) => wanted(id)),
    ({ id }) => id,
  );
  return [...byId].map(([id, of]) => {
    const first = <K extends 'name' | 'pod' | 'hostname'>(key: K) =>
      of.map((each) => each[key]).find((value) => value !== null) ?? null;
    return { id, name: first('name'), pod: first('pod'), hostname: first('hostname') };
  });
}

/** With its names, if its runtime's files have them. */
export function named(container: Container, names: ReadonlyMap<string, ContainerName>): Container {
  const known = names.get(container.id ?? '');
  return known === undefined ? container : { ...container, name: known.name, podName: known.pod };
}

function* docker(files: Files, wanted: (id: string) => boolean): Generator<ContainerName> {
  const own = textAt(parse(files.text('/etc/docker/daemon.json')), 'data-root');
  for (const root of new Set([own, '/var/lib/docker', '/var/snap/docker/common/var-lib-docker'])) {
    if (root === null || !root.startsWith('/')) continue;
    for (const id of files.list(`${root}/containers`).filter(wanted)) {
      const config = parse(files.text(`${root}/containers/${id}/config.v2.json`));
      const name = textAt(config, 'Name')?.replace(/^\//, '') ?? null;
      yield { id, ...nameOf(name), hostname: textAt(config, 'Config', 'Hostname') };
    }
  }
}

/** Each storage driver has a folder of its own: overlay-containers, vfs-containers, … */
function* storage(files: Files): Generator<ContainerName> {
  const own = /^\s*graphroot\s*=\s*"([^"]+)"/m.exec(files.text('/etc/containers/storage.conf') ?? '')?.[1];
  for (const root of new Set([own, '/var/lib/containers/storage', '/run/containers/storage'])) {
    if (root === undefined) continue;
    for (const folder of files.list(root).filter((name) => name.endsWith('-containers')))
      for (const file of ['containers.json', 'volatile-containers.json']) {
        const list = parse(files.text(`${root}/${folder}/${file}`));
        if (!Array.isArray(list)) continue;
        for (const each of list) {
          const id = textAt(each, 'id');
          const names = valueAt(each, 'names');
          const [name] = Array.isArray(names) ? names : [];
          if (id !== null) yield { id, ...nameOf(typeof name === 'string' ? name : null), hostname: null };
        }
      }
  }
}

const CONTAINERD = ['/run/containerd', '/run/k3s/containerd', '/var/snap/microk8s/common/run/containerd'];
const TASKS = 'io.containerd.runtime.v2.task';

/** Annotations of containerd's CRI plugin, of CRI-O, and of nerdctl. Docker's own containers have none. */
function* containerd(files: Files, wanted: (id: string) => boolean): Generator<ContainerName> {
  for (const root of CONTAINERD)
    for (const namespace of files.list(`${root}/${TASKS}`)) {
      const folder = `${root}/${TASKS}/${namespace}`;
      for (const id of files.list(folder).filter(wanted)) {
        const config = parse(files.text(`${folder}/${id}/config.json`));
        const annotation = (name: string) => textAt(config, 'annotations', name);
        const pod = annotation('io.kubernetes.cri.sandbox-name');
        const podNamespace = annotation('io.kubernetes.cri.sandbox-namespace');
        yield {
          id,
          name: annotation('io.kubernetes.cri.container-name') ?? annotation('nerdctl/name'),
          pod: pod === null ? null : `${podNamespace ?? 'default'}/${pod}`,
          hostname: textAt(config, 'hostname'),
        };
      }
    }
}

/** /var/lib/nerdctl/SOCKET/names/NAMESPACE/NAME holds the id. */
function* nerdctl(files: Files): Generator<ContainerName> {
  for (const socket of files.list('/var/lib/nerdctl')) {
    const names = `/var/lib/nerdctl/${socket}/names`;
    for (const namespace of files.list(names))
      for (const name of files.list(`${names}/${namespace}`)) {
        const id = files.text(`${names}/${namespace}/${name}`)?.trim();
        if (id !== undefined) yield { id, name, pod: null, hostname: null };
      }
  }
}

/** cri-dockerd and CRI-O: `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`, `k8s_POD_…` for the sandbox. */
function nameOf(text: string | null): Pick<ContainerName, 'name' | 'pod'> {
  const [, own, pod, namespace] = /^k8s_([^_]+)_([^_]+)_([^_]+)_[^_]+_\d+$/.exec(text ?? '') ?? [];
  if (own === undefined) return { name: text, pod: null };
  return { name: own === 'POD' ? null : own, pod: `${namespace}/${pod}` };
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    // Half a file, while its runtime writes it.
    return null;
  }
}

const valueAt = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : null;

function textAt(value: unknown, ...keys: readonly string[]): string | null {
  const found = keys.reduce(valueAt, value);
  return typeof found === 'string' && found !== '' ? found : null;
}
