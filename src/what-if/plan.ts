/** `--with-plan`: the machine as `locality-tune apply` would leave it. */

import type { Host, Protocol } from '../host/types.ts';
import { receivingNics } from '../path/receiving-nics.ts';
import { viewOf } from '../path/view.ts';
import { applied } from '../tune/applied.ts';
import { planTuning } from '../tune/plan.ts';

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp'];

/** For all interfaces with queues and all groups of the host, a plan for each protocol. */
export function withPlan(host: Host): Host {
  const ifaces = receivingNics(host).map(({ name }) => name);
  return PROTOCOLS.reduce((machine, protocol) => {
    const served = new Set(
      machine.groups.filter((group) => group.protocol === protocol).map(({ port }) => port),
    );
    if (served.size === 0) return machine;
    const view = viewOf(machine);
    const options = {
      ifaces,
      ports: [...served],
      protocol,
      only: [],
      cpus: null,
      irqCpus: null,
      avoidCpus: [],
      smt: 'one',
      program: null,
    } as const;
    return applied(machine, planTuning(view, options));
  }, host);
}
