/** Whose a worker is, in a few words: its container, its pod, its systemd unit. */
import type { Owner } from '../host/types.ts';
import { names } from './phrase.ts';

type Belonging = Pick<Owner, 'unit' | 'container'>;

/** As many digits of a container's id as its runtime lists. */
const ID = 12;
/** The first group of a pod's uid. */
const UID = 8;

/**
 * By names where they are known, otherwise by ids: `nginx.service`, `docker web`, `pod default/web-0 (nginx)`,
 * `containerd 0123456789ab in pod 6f1c2a5e`; null outside of any.
 */
export function whose({ unit, container }: Belonging): string | null {
  if (container === null) return unit;
  const { runtime, id, pod, name, podName } = container;
  if (podName !== null) return `pod ${podName}${name === null ? '' : ` (${name})`}`;
  const short = id !== null && /^[0-9a-f]{64}$/.test(id) ? id.slice(0, ID) : id;
  const called = name ?? short;
  const own = called === null ? [] : [`${runtime ?? 'container'} ${called}`];
  return [...own, ...(pod === null ? [] : [`pod ${pod.slice(0, UID)}`])].join(' in ') || unit;
}

/** Of several workers, each once: `nginx.service, docker 0123456789ab`; empty outside of any. */
export function whoseAll(workers: readonly Belonging[]): string {
  return names([...new Set(workers.flatMap((worker) => whose(worker) ?? []))]);
}

/** ` of relay@2.service`, after names of processes; nothing if they say the same: nginx in nginx.service. */
export function ofWhom(workers: readonly (Belonging & Pick<Owner, 'comm'>)[]): string {
  const whom = whoseAll(workers.filter((worker) => whose(worker) !== `${worker.comm}.service`));
  return whom === '' ? '' : ` of ${whom}`;
}
