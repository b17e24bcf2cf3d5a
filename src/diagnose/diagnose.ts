/** Runs all rules over one view; findings are in reading order. */

import type { NamedNetns } from '../host/netns-target.ts';
import { compareNatural } from '../host/order.ts';
import { expectedLocality } from '../path/expected.ts';
import type { View } from '../path/view.ts';
import { inNetns } from '../words/in-netns.ts';
import { names } from '../words/phrase.ts';
import { compact } from '../words/shell.ts';
import { advise } from './advice.ts';
import { fedGroups } from './groups.ts';
import { placements } from './placement.ts';
import { quietNics } from './quiet.ts';
import { cpuLoadUneven } from './rules/cpu-load-uneven.ts';
import { fewerWorkersThanQueues } from './rules/fewer-workers-than-queues.ts';
import { flowFillsQueue } from './rules/flow-fills-queue.ts';
import { groupDrops } from './rules/group-drops.ts';
import { groupSplit } from './rules/group-split.ts';
import { hashSelection } from './rules/hash-selection.ts';
import { incomingCpuWithoutEffect } from './rules/incoming-cpu-without-effect.ts';
import { irqAffinityNotEffective } from './rules/irq-affinity-not-effective.ts';
import { irqOnIsolatedCpu } from './rules/irq-on-isolated-cpu.ts';
import { irqWrongNumaNode } from './rules/irq-wrong-numa-node.ts';
import { irqbalanceMovesIrqs } from './rules/irqbalance-moves-irqs.ts';
import { irqsShareCpu } from './rules/irqs-share-cpu.ts';
import { moreWorkersThanQueues } from './rules/more-workers-than-queues.ts';
import { programExceedsGroup } from './rules/program-exceeds-group.ts';
import { programMissesWorker } from './rules/program-misses-worker.ts';
import { programStarvesSlots } from './rules/program-starves-slots.ts';
import { queueLoadUneven } from './rules/queue-load-uneven.ts';
import { queuePilesUp } from './rules/queue-piles-up.ts';
import { rpsUndoesRss } from './rules/rps-undoes-rss.ts';
import { rssKeyWeak } from './rules/rss-key-weak.ts';
import { rssOverridden } from './rules/rss-overridden.ts';
import { rssTableIncomplete } from './rules/rss-table-incomplete.ts';
import { rssTableUneven } from './rules/rss-table-uneven.ts';
import { sharedListener } from './rules/shared-listener.ts';
import { singleQueue } from './rules/single-queue.ts';
import { slotUnserved } from './rules/slot-unserved.ts';
import { threadedNapi } from './rules/threaded-napi.ts';
import { txLoadUneven } from './rules/tx-load-uneven.ts';
import { udpHashedByAddress } from './rules/udp-hashed-by-address.ts';
import { udpHotSlot } from './rules/udp-hot-slot.ts';
import { workerNotPinned } from './rules/worker-not-pinned.ts';
import { workersShareCpu } from './rules/workers-share-cpu.ts';
import { xpsNotOnIrqCpu } from './rules/xps-not-on-irq-cpu.ts';
import type { Facts, Finding, Found, Rule, Severity } from './types.ts';

/**
 * Stages follow the path, from the NIC to the worker. The rules of a stage see the machine after the commands of
 * earlier stages, so that all commands of one output fit together.
 */
const STAGES: readonly (readonly Rule[])[] = [
  [singleQueue, rssTableIncomplete, rssTableUneven, rssOverridden, irqbalanceMovesIrqs],
  [
    rssKeyWeak,
    udpHashedByAddress,
    queueLoadUneven,
    flowFillsQueue,
    irqOnIsolatedCpu,
    irqAffinityNotEffective,
    irqsShareCpu,
    irqWrongNumaNode,
    cpuLoadUneven,
  ],
  // Threads go where the interrupts are by then.
  [threadedNapi],
  [rpsUndoesRss, xpsNotOnIrqCpu, txLoadUneven],
  [fewerWorkersThanQueues, moreWorkersThanQueues, workerNotPinned, workersShareCpu, sharedListener],
  [
    groupSplit,
    programStarvesSlots,
    programExceedsGroup,
    programMissesWorker,
    hashSelection,
    incomingCpuWithoutEffect,
    udpHotSlot,
    slotUnserved,
    queuePilesUp,
    groupDrops,
  ],
];

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/**
 * The worst first, then by subject with numbers in natural order: irq 9 before irq 10.
 * @param netns as `--netns` named it: then every command works from outside it
 */
export function diagnose(view: View, netns: NamedNetns | null = null): readonly Finding[] {
  const now = factsOf(view, new Set(), false);
  let later = now;
  const found: Finding[] = [];
  for (const rules of STAGES) {
    const present = rules.flatMap((rule) => rule(now));
    const planned = later === now ? present : rules.flatMap((rule) => rule(later));
    found.push(...(later === now ? present.map(plain) : reconcile(present, planned)));
    later = afterwards(later, planned);
  }
  found.sort(
    (one, other) => RANK[one.severity] - RANK[other.severity] || compareNatural(one.subject, other.subject),
  );
  return merge(pinnedFirst(found)).map((finding) => ({
    ...finding,
    message: finding.message.replace(QUOTED, (_, command: string) => `\`${inNetns(command, netns)}\``),
    fix: finding.fix.map((command) => inNetns(command, netns)),
  }));
}

/** The machine after all commands but those that attach programs, and what was found on the way. */
export function afterCommands(view: View): { readonly view: View; readonly found: readonly Finding[] } {
  let facts = factsOf(view, new Set(), false);
  const found: Finding[] = [];
  for (const rules of STAGES) {
    const planned = rules.flatMap((rule) => rule(facts));
    found.push(...planned);
    facts = afterwards(facts, planned);
  }
  return { view: facts, found };
}

/** A command within a sentence. */
const QUOTED = /`(locality-tune [^`]+)`/g;

function factsOf(view: View, changing: ReadonlySet<string>, planned: boolean): Facts {
  const quiet = quietNics(view);
  const served = advise(view.host, fedGroups(view, quiet));
  const still = new Set([...changing, ...[...quiet].map(({ name }) => name)]);
  return { ...view, quiet, served, ...placements(view.host, still), changing, planned };
}

/** The same facts, if these commands change nothing that a rule reads. */
function afterwards(facts: Facts, found: readonly Found[]): Facts {
  const host = found.reduce(
    (each, { after, fix }) => (fix.length > 0 && after ? after(each) : each),
    facts.host,
  );
  const changes = found.flatMap(({ changes, fix }) =>
    changes !== undefined && fix.length > 0 ? [changes] : [],
  );
  if (host === facts.host && changes.length === 0) return facts;
  const expected = host === facts.host ? facts.expected : expectedLocality(host);
  return factsOf({ host, paths: facts.paths, expected }, new Set([...facts.changing, ...changes]), true);
}

/**
 * The messages describe the machine as it is; the commands are for the machine after the commands of earlier stages.
 */
function reconcile(present: readonly Found[], planned: readonly Found[]): readonly Finding[] {
  const key = ({ rule, subject }: Finding) => `${rule} ${subject}`;
  const later = new Map(planned.map((finding) => [key(finding), finding]));
  const now = new Set(present.map(key));
  const both = present.map((finding): Finding => {
    const other = later.get(key(finding));
    if (other === undefined) return solved(finding);
    if (finding.remedy === undefined) return plain(other);
    const same = other.remedy === finding.remedy || other.fix.join() === finding.fix.join();
    if (same) return plain({ ...finding, fix: other.fix });
    const { remedy: _present, ...what } = finding;
    return plain({ ...what, ...(other.remedy && { remedy: then(other.remedy) }), fix: other.fix });
  });
  const coming = planned.filter((finding) => !now.has(key(finding)) && finding.fix.length > 0);
  return [
    ...both,
    ...coming.map((finding) => ({ ...plain(finding), message: then(plain(finding).message) })),
  ];
}

function solved(finding: Found): Finding {
  return finding.fix.length === 0 ? plain(finding) : { ...plain({ ...finding, remedy: SOLVED }), fix: [] };
}

const SOLVED = 'The other commands solve this as well.';

/** Lower-cases the first letter inside a sentence, unless it begins a name. */
function then(text: string): string {
  return `After the other commands, ${text.replace(/^[A-Z](?=[a-z]* )/, (letter) => letter.toLowerCase())}`;
}

function plain({ rule, severity, subject, message, remedy, fix }: Found): Finding {
  return { rule, severity, subject, message: remedy ? `${message} ${remedy}` : message, fix };
}

/**
 * A map is made from the workers' CPUs, so the commands that pin workers come before it, even if another finding is
 * worse.
 */
function pinnedFirst(findings: readonly Finding[]): readonly Finding[] {
  const pins = new Map(
    findings.flatMap(({ rule, subject, fix }) =>
      rule === 'worker-not-pinned' ? [[subject, fix] as const] : [],
    ),
  );
  return findings.map((finding) => {
    if (finding.rule === 'worker-not-pinned') pins.delete(finding.subject);
    const before = finding.fix.some((command) => command.includes(' --program map'))
      ? pins.get(finding.subject)
      : [];
    return { ...finding, fix: [...(before ?? []), ...finding.fix] };
  });
}

/** Merges the same sentence about eighty listeners into one finding about eighty listeners. */
function merge(findings: readonly Finding[]): readonly Finding[] {
  const alike = Map.groupBy(findings, ({ rule, severity, message }) => `${rule}\n${severity}\n${message}`);
  return [...alike.values()].flatMap((same) => {
    const subject = names(same.map((finding) => finding.subject));
    const fix = compact([...new Set(same.flatMap((finding) => finding.fix))]);
    return same.slice(0, 1).map((first) => ({ ...first, subject, fix }));
  });
}
