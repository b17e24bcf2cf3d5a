/** The object of a change, in the kernel's words; always computed from its target, never read from a file. */
import { queueNames } from '../words/phrase.ts';
import type { Target } from './types.ts';

export function subjectOf(target: Target): string {
  switch (target.kind) {
    case 'irqbalance':
      return 'irqbalance';
    case 'channels':
      return `${target.nic} ${target.which} channels`;
    case 'rss':
      return `${target.nic} RSS table`;
    case 'fields':
      return `${target.nic} ${target.flow} hash fields`;
    case 'irq':
      return irqSubject(target);
    case 'napi':
      return `${target.comm} ${target.pid} (${target.nic} ${queueNames('rx', target.queues)})`;
    case 'xps':
      return `${target.nic} tx-${target.queue} xps_${target.by}`;
    case 'rps':
      return `${target.nic} rx-${target.queue} rps_cpus`;
    case 'rfs':
      return `${target.nic} rx-${target.queue} rps_flow_cnt`;
    case 'pin':
      return `${target.comm} ${target.pid}${target.tid === target.pid ? '' : ` thread ${target.tid}`}`;
    case 'feature':
      return `${target.nic} ${target.feature}`;
    case 'xdp':
      return `${target.nic} XDP program`;
    case 'tc':
      return `${target.nic} tc egress`;
    case 'program':
      return target.group;
  }
}

/** An IRQ that will exist only after the change of channels is named by the queues that it will serve. */
function irqSubject({ irq, nic, role, queues, name }: Extract<Target, { readonly kind: 'irq' }>): string {
  if (irq >= 0) return `irq ${irq} (${name})`;
  return `irq of ${nic} ${role === 'tx' ? 'tx' : 'rx'}-${queues.join(',')}${name === '' ? '' : ` (${name})`}`;
}
