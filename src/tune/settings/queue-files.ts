/** XPS, RPS and RFS: one file for each queue (Documentation/networking/scaling.rst). */
import { parseCpuMask } from '../../host/cpus.ts';
import { readLine } from '../../host/values.ts';
import { failure } from '../../system/errors.ts';
import type { Target } from '../types.ts';
import { type Access, asGiven, type Setting, sameText } from './setting.ts';

type QueueTarget = Extract<Target, { readonly kind: 'xps' | 'rps' | 'rfs' }>;
export type XpsTarget = Extract<Target, { readonly kind: 'xps' }>;

function fileOf(target: QueueTarget): string {
  const queues = `/sys/class/net/${target.nic}/queues`;
  switch (target.kind) {
    case 'xps':
      return `${queues}/tx-${target.queue}/xps_${target.by}`;
    case 'rps':
      return `${queues}/rx-${target.queue}/rps_cpus`;
    case 'rfs':
      return `${queues}/rx-${target.queue}/rps_flow_cnt`;
  }
}

function inFile<T extends QueueTarget>(same: Setting<T>['same']): Setting<T> {
  return {
    find: async ({ files }, target) => {
      requireInterface(files, target.nic);
      if (files.exists(fileOf(target))) return target;
      throw failure(
        'gone',
        `${fileOf(target)} does not exist`,
        'the number of queues has changed: plan again',
      );
    },
    read: async ({ files }, target) => readLine(files, fileOf(target)),
    write: async ({ controls }, target, value) => controls.write(fileOf(target), value),
    wanted: asGiven,
    same,
  };
}

export const xps: Setting<XpsTarget> = inFile(sameMask);
export const rps: Setting<Extract<Target, { readonly kind: 'rps' }>> = inFile(sameMask);
export const rfs: Setting<Extract<Target, { readonly kind: 'rfs' }>> = inFile(sameText);

/** Masks of CPUs or queues, with or without leading zeros. */
function sameMask(a: string, b: string): boolean {
  const [one, other] = [parseCpuMask(a), parseCpuMask(b)];
  return one === null || other === null ? a === b : one.join() === other.join();
}

/** Throws Failure `gone`. */
export function requireInterface(files: Access['files'], nic: string): void {
  if (!files.exists(`/sys/class/net/${nic}`))
    throw failure('gone', `the interface ${nic} no longer exists`, 'see `ip link`');
}
