/**
 * Where this tool keeps persistent files. The environment cannot change it, because the tool runs as root. Tests that
 * start the built program move these places by a global (test/integration/entry.cjs).
 */
export interface Places {
  /** The folder of lock, journals and saved plans. */
  readonly state: string;
  /** The folder of systemd units. */
  readonly units: string;
  /** The configuration file. */
  readonly config: string;
  /** Kills this process by SIGKILL after N writes of any kind, to test undo; 0: never. */
  readonly killAfter: number;
}

export const PLACES: Places = {
  state: '/var/lib/locality-tune',
  units: '/etc/systemd/system',
  config: '/etc/locality-tune.conf',
  killAfter: 0,
};

const KEY = Symbol.for('locality-tune.places');

export const places = (): Places => ({ ...PLACES, ...(Reflect.get(globalThis, KEY) as Partial<Places>) });
