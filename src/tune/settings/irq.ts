/** The IRQ affinity of a queue: /proc/irq/N/smp_affinity_list (Documentation/core-api/irq/irq-affinity.rst). */

import { setTimeout as sleep } from 'node:timers/promises';
import { parseCpuList } from '../../host/cpus.ts';
import { readLine } from '../../host/values.ts';
import { failure } from '../../system/errors.ts';
import type { Files } from '../../system/types.ts';
import { word } from '../../words/shell.ts';
import type { Target } from '../types.ts';
import { requireInterface } from './queue-files.ts';
import { type Access, asGiven, type Setting } from './setting.ts';

export type IrqTarget = Extract<Target, { readonly kind: 'irq' }>;

export const irq: Setting<IrqTarget> = {
  find: async (access, target) => {
    requireInterface(access.files, target.nic);
    return stillThere(access.files, target) ? target : findAnew(access, target);
  },
  read: async ({ files }, { irq }) => affinityOf(files, irq),
  write: async ({ controls, files }, { irq }, value) => {
    controls.write(`/proc/irq/${irq}/smp_affinity_list`, value);
    // While an interrupt moves (irq_move_masked_irq), the kernel shows for a moment what was set before.
    for (let look = 1; look < LOOKS && !sameList(affinityOf(files, irq) ?? '', value); look++)
      await sleep(PAUSE_MS);
  },
  wanted: asGiven,
  same: sameList,
};

const ATTEMPTS = 3;
const LOOKS = 5;
const PAUSE_MS = 20;

/**
 * No IRQ has an empty list. It is read if the IRQ moves at that moment: show_irq_affinity (kernel/irq/proc.c) prints the
 * pending mask without the lock under which irq_move_masked_irq (kernel/irq/migration.c) clears it.
 */
function affinityOf(files: Files, irq: number): string | null {
  for (let attempt = 1; ; attempt++) {
    const list = readLine(files, `/proc/irq/${irq}/smp_affinity_list`);
    if (list !== '' || attempt === ATTEMPTS) return list;
  }
}

/** Is the effective affinity within the affinity? null if the kernel does not say (before 4.15). */
export function isEffective(files: Files, target: IrqTarget, asked: string): boolean | null {
  const effective = parseCpuList(readLine(files, `/proc/irq/${target.irq}/effective_affinity_list`) ?? '');
  const wanted = parseCpuList(asked);
  if (effective === null || effective.length === 0 || wanted === null) return null;
  return effective.every((cpu) => wanted.includes(cpu));
}

function sameList(a: string, b: string): boolean {
  const [one, other] = [parseCpuList(a), parseCpuList(b)];
  return one === null || other === null ? a === b : one.join() === other.join();
}

/** IRQ numbers are reused: the IRQ must still have its name, and belong to the device if that lists its IRQs. */
function stillThere(files: Files, { nic, irq, name }: IrqTarget): boolean {
  const named = name.split(', ').every((action) => files.exists(`/proc/irq/${irq}/${action}`));
  const device = `/sys/class/net/${nic}/device`;
  const lists = [`${device}/msi_irqs`, `${device}/../msi_irqs`].map((path) => files.list(path));
  const own = lists.find((list) => list.length > 0);
  return named && (own === undefined || own.includes(String(irq)));
}

async function findAnew(access: Access, target: IrqTarget): Promise<IrqTarget> {
  const { nic, role, queues } = target;
  const own = (await access.nic(nic))?.irqs.filter((each) => each.queues.join() === queues.join()) ?? [];
  const found = own.find((each) => each.role === role);
  if (found !== undefined) return { ...target, irq: found.irq, name: found.name };
  // igb uses one interrupt for RX and TX of a queue only with more than half of its channels.
  const both = own.find((each) => each.role === 'rxtx');
  if (both !== undefined) return { ...target, role: 'rxtx', irq: both.irq, name: both.name };
  // Drivers then free their IRQs and request new ones, which may have the former affinity.
  if (isDown(access.files, nic))
    throw failure(
      'down',
      `${nic} is down, so it has no interrupts`,
      `run \`ip link set ${word(nic)} up\`, then repeat`,
    );
  throw failure(
    'gone',
    `${nic} no longer has an IRQ for ${role} ${queues.join(', ')}`,
    'the number of queues has changed: see `locality-tune inspect`',
  );
}

/** IFF_UP of include/uapi/linux/if.h; if the flags cannot be read, it counts as up. */
const isDown = (files: Files, nic: string): boolean =>
  (Number(readLine(files, `/sys/class/net/${nic}/flags`) ?? 1) & 1) === 0;
