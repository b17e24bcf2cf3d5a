/** The part of a machine, and of a baseline, that is watched. Pure. */
import type { Host, Nic } from '../host/types.ts';
import type { Scope } from './baseline.ts';
import type { Baseline } from './types.ts';

/**
 * Of all interfaces those that are watched by name, and hardware with what lies above it: containers come and go with their
 * veth interfaces all day. A namespace without any hardware is watched as a whole.
 */
export function partOf(host: Host, { ifaces, ports }: Scope, named: ReadonlySet<string>): Host {
  const hardware = new Set(host.nics.filter(isHardware).map(({ name }) => name));
  const isOurs = ({ name, lowerDevices }: Nic): boolean =>
    named.has(name) || hardware.has(name) || lowerDevices.some((each) => hardware.has(each));
  const isAll = ifaces.length === 0 && hardware.size === 0;
  return {
    ...host,
    nics: isAll
      ? host.nics
      : host.nics.filter((nic) => (ifaces.length > 0 ? named.has(nic.name) : isOurs(nic))),
    groups: host.groups.filter(({ port }) => ports.length === 0 || ports.includes(port)),
  };
}

const isHardware = ({ busInfo, irqs }: Nic): boolean => busInfo !== null || irqs.length > 0;

export const interfacesOf = ({ settings }: Baseline): string[] =>
  settings.flatMap(({ target }) => ('nic' in target ? [target.nic] : 'nics' in target ? target.nics : []));

/** Settings of other interfaces and ports are not watched; an empty list is everything of its kind. */
export function partOfBaseline(baseline: Baseline, { ifaces, ports }: Scope): Baseline {
  const isOurs = (name: string): boolean => ifaces.length === 0 || ifaces.includes(name);
  const settings = baseline.settings.filter(({ target }) => {
    if ('nic' in target) return isOurs(target.nic);
    if ('nics' in target) return target.nics.some(isOurs);
    if (!('group' in target)) return true;
    return ports.length === 0 || ports.includes(Number(/:(\d+)(?: group \d+)?$/.exec(target.group)?.[1]));
  });
  const groups = new Set(settings.flatMap(({ target }) => ('group' in target ? [target.group] : [])));
  const sizes = new Map([...baseline.sizes].filter(([id]) => groups.has(id)));
  return { ...baseline, settings, sizes };
}
