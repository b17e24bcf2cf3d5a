/** CPUs for workers, the best first. */
import { homeCpus, oneCpu } from '../../diagnose/nics.ts';
import { secondThreads, usableCpus } from '../../diagnose/usable-cpus.ts';
import type { Cpus } from '../../host/cpus.ts';
import type { Host, Nic } from '../../host/types.ts';
import type { PlanOptions } from '../types.ts';

/** May this kind of setting be changed? */
export function mayChange({ only }: PlanOptions, kind: PlanOptions['only'][number]): boolean {
  return only.length === 0 || only.includes(kind);
}

/** CPUs on which an existing worker may stay; also isolated ones, because the user put it there. */
export function onlineOf({ machine }: Host, { cpus, avoidCpus }: PlanOptions): Cpus {
  const chosen = cpus && new Set(cpus);
  const avoided = new Set(avoidCpus);
  return machine.cpus.online.filter((cpu) => !avoided.has(cpu) && (chosen === null || chosen.has(cpu)));
}

/**
 * Online CPUs of --cpus, or all that are not isolated. First those that receive already and cannot be changed, then the
 * NICs' own node, then the first thread of each core.
 */
export function candidates(host: Host, nics: readonly Nic[], options: PlanOptions): Cpus {
  const avoided = new Set(options.avoidCpus);
  const cpus =
    options.cpus === null ? usableCpus(host).filter((cpu) => !avoided.has(cpu)) : onlineOf(host, options);
  const home = new Set(nics.flatMap((nic) => homeCpus(host, nic) ?? []));
  const receiving = fixedReceivers(nics, options);
  const second = options.smt === 'one' ? secondThreads(host, cpus) : new Set<number>();
  const cost = (cpu: number) =>
    (receiving.has(cpu) ? 0 : 4) + (home.size === 0 || home.has(cpu) ? 0 : 2) + (second.has(cpu) ? 1 : 0);
  return cpus.toSorted((one, other) => cost(one) - cost(other) || one - other);
}

/** Online CPUs of --irq-cpus; null without that option. */
export function irqCpusOf(host: Host, { irqCpus, avoidCpus }: PlanOptions): Cpus | null {
  const wanted = irqCpus && new Set(irqCpus);
  const avoided = new Set(avoidCpus);
  return wanted && host.machine.cpus.online.filter((cpu) => wanted.has(cpu) && !avoided.has(cpu));
}

/** One thread of each core, if at least `needed` CPUs remain. */
export function wholeCores(host: Host, cpus: Cpus, needed: number, { smt }: PlanOptions): Cpus {
  if (smt === 'both') return cpus;
  const second = secondThreads(host, cpus);
  const whole = cpus.filter((cpu) => !second.has(cpu));
  return whole.length >= needed ? whole : cpus;
}

/** If IRQs must not move, or there are none (VMBus channels), workers follow the queues. */
function fixedReceivers(nics: readonly Nic[], options: PlanOptions): ReadonlySet<number> {
  const queues = nics.flatMap(({ rxQueues }) => rxQueues);
  const movable = options.ifaces.length > 0 && mayChange(options, 'irq');
  const fixed = movable ? queues.filter(({ irq }) => irq === null) : queues;
  return new Set(fixed.flatMap((queue) => oneCpu(queue) ?? []));
}
