/** All rules over one view, in the order in which a person should read what they find. */

import { compareNatural } from '../host/order.ts';
import type { View } from '../path/view.ts';
import { names } from '../words/phrase.ts';
import { compact } from '../words/shell.ts';
import { advise } from './advice.ts';
import { fedGroups } from './groups.ts';
import { quietNics } from './quiet.ts';
import { fewerWorkersThanQueues } from './rules/fewer-workers-than-queues.ts';
import { groupDrops } from './rules/group-drops.ts';
import { hashSelection } from './rules/hash-selection.ts';
import { incomingCpuWithoutEffect } from './rules/incoming-cpu-without-effect.ts';
import { irqAffinityNotEffective } from './rules/irq-affinity-not-effective.ts';
import { irqWrongNumaNode } from './rules/irq-wrong-numa-node.ts';
import { irqbalanceMovesIrqs } from './rules/irqbalance-moves-irqs.ts';
import { irqsShareCpu } from './rules/irqs-share-cpu.ts';
import { moreWorkersThanQueues } from './rules/more-workers-than-queues.ts';
import { programExceedsGroup } from './rules/program-exceeds-group.ts';
import { programMissesWorker } from './rules/program-misses-worker.ts';
import { programStarvesSlots } from './rules/program-starves-slots.ts';
import { queuePilesUp } from './rules/queue-piles-up.ts';
import { rpsUndoesRss } from './rules/rps-undoes-rss.ts';
import { rssOverridden } from './rules/rss-overridden.ts';
import { rssTableIncomplete } from './rules/rss-table-incomplete.ts';
import { rssTableUneven } from './rules/rss-table-uneven.ts';
import { sharedListener } from './rules/shared-listener.ts';
import { singleQueue } from './rules/single-queue.ts';
import { slotUnserved } from './rules/slot-unserved.ts';
import { threadedNapi } from './rules/threaded-napi.ts';
import { udpHashedByAddress } from './rules/udp-hashed-by-address.ts';
import { udpHotSlot } from './rules/udp-hot-slot.ts';
import { workerNotPinned } from './rules/worker-not-pinned.ts';
import { xpsNotOnIrqCpu } from './rules/xps-not-on-irq-cpu.ts';
import type { Finding, Rule, Severity } from './types.ts';

/** Along the path, from the NIC to the worker: among equals, mend the first one first. */
const RULES: readonly Rule[] = [
  singleQueue,
  rssTableIncomplete,
  rssTableUneven,
  rssOverridden,
  udpHashedByAddress,
  irqbalanceMovesIrqs,
  irqAffinityNotEffective,
  irqsShareCpu,
  irqWrongNumaNode,
  threadedNapi,
  rpsUndoesRss,
  xpsNotOnIrqCpu,
  fewerWorkersThanQueues,
  moreWorkersThanQueues,
  workerNotPinned,
  sharedListener,
  programStarvesSlots,
  programExceedsGroup,
  programMissesWorker,
  hashSelection,
  incomingCpuWithoutEffect,
  udpHotSlot,
  slotUnserved,
  queuePilesUp,
  groupDrops,
];

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** The worst first, then by subject with numbers in their natural order: irq 9 before irq 10. */
export function diagnose(view: View): readonly Finding[] {
  const quiet = quietNics(view);
  const facts = { ...view, quiet, served: advise(view.host, fedGroups(view, quiet)) };
  const found = RULES.flatMap((rule) => rule(facts)).sort(
    (one, other) => RANK[one.severity] - RANK[other.severity] || compareNatural(one.subject, other.subject),
  );
  return merge(found);
}

/** The same sentence about eighty listeners of one server is one finding about eighty listeners. */
function merge(findings: readonly Finding[]): readonly Finding[] {
  const alike = Map.groupBy(findings, ({ rule, severity, message }) => `${rule}\n${severity}\n${message}`);
  return [...alike.values()].flatMap((same) => {
    const subject = names(same.map((finding) => finding.subject));
    const fix = compact([...new Set(same.flatMap((finding) => finding.fix))]);
    return same.slice(0, 1).map((first) => ({ ...first, subject, fix }));
  });
}
