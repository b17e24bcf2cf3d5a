/** What attach and detach did, or would do. */

import { formatCpuList } from '../host/cpus.ts';
import type { BeforeAndAfter, LocalityCount } from '../measure/locality-counter.ts';
import type { Attached, Detached } from '../steer/attach.ts';
import type { Trial } from '../steer/trial.ts';
import { percent, UNKNOWN } from '../words/phrase.ts';
import { perSecond } from './format.ts';
import { percentSpan } from './interval.ts';
import { type Column, table } from './table.ts';
import { type Line, paragraph, type Style, span } from './text.ts';

/** `asked`: before a question. `agreed`: after it, when the program has been shown. */
export type AttachStage = 'dry run' | 'asked' | 'agreed' | 'done';

export function attachLines(results: readonly Attached[], stage: AttachStage, style: Style): Line[] {
  return results.flatMap((result) => [
    ...paragraph('', `${result.group}: ${attachWords(result, stage)}`, style),
    ...(stage === 'agreed' || (result.attached && !result.changed) ? [] : programLines(result, style)),
    ...(stage === 'dry run' || stage === 'asked' ? trialLines(result.trial, style) : []),
  ]);
}

function attachWords(
  { program, pid, fd, groupSize, attached, changed, previous }: Attached,
  stage: AttachStage,
): string {
  const what = `\`${program.file ?? program.name}\` for ${groupSize} sockets`;
  if (attached && !changed) return `${what} is attached already; nothing was changed`;
  const instead = previous
    ? ` in place of ${previous.name ? `\`${previous.name}\`` : `another ${previous.kind} program`}`
    : '';
  const through = ` through pid ${pid} fd ${fd}`;
  if (stage === 'done' || stage === 'agreed') return `attached ${what}${instead}${through}`;
  return `would attach ${what}${instead}${through}${stage === 'dry run' ? '; nothing was changed' : ''}`;
}

/** Assembler next to the bytecode, as bpf_asm -c would write it. */
function programLines({ program }: Attached, style: Style): Line[] {
  const asm = program.asm.split('\n');
  const rows = program.instructions.map(([code, jt, jf, k], index) => [
    `  ${asm[index] ?? ''}`,
    `{ 0x${code.toString(16)}, ${jt}, ${jf}, 0x${k.toString(16).padStart(8, '0')} },`,
  ]);
  const columns = [
    { head: '', align: 'left' as const },
    { head: '', align: 'left' as const },
  ];
  return table(columns, rows, style).slice(1);
}

/** `what`: the events that were counted, accepts or datagrams. */
const MOST_SLOTS = 32;

const WORDS: Readonly<Record<Trial['decides'][number], string>> = {
  cpu: 'the CPU',
  rand: 'a random number',
  rxhash: "the NIC's hash",
  queue: 'the RX queue',
  packet: 'the packet',
  other: "the packet's metadata",
};

/** Which slots would get packets, found by running the program. */
function trialLines({ slotOfCpu, slots, hashed, beyond, early, runs, decides }: Trial, style: Style): Line[] {
  const byHash = hashed + beyond;
  const share = (count: number) => percent(count / runs);
  const cpusOf = Map.groupBy(slotOfCpu ?? [], ({ slot }) => slot);
  const cpus = (slot: number | null) =>
    formatCpuList((cpusOf.get(slot) ?? []).map(({ cpu }) => cpu)) || UNKNOWN;
  const cell = (slot: number | null, count: number) => (slotOfCpu === null ? share(count) : cpus(slot));
  const rows = slots.map((count, slot) => [`  slot ${slot}`, cell(slot, count)]);
  const shown = rows.slice(0, MOST_SLOTS);
  if (byHash > 0) shown.push(['  the hash', cell(null, byHash)]);
  const columns: Column[] = [
    { head: '', align: 'left' },
    {
      head: slotOfCpu === null ? 'share' : 'CPUs',
      align: slotOfCpu === null ? 'right' : 'left',
      give: 'wrap',
    },
  ];
  const how =
    slotOfCpu === null
      ? `  of ${runs} test packets (the program reads ${decides.map((each) => WORDS[each]).join(', ')})`
      : '  packets received on these CPUs would go to';
  return [
    [span('')],
    [span(how)],
    ...table(columns, shown, style).slice(1),
    ...(shown.length < rows.length
      ? [[span(`  and ${rows.length - MOST_SLOTS} more slots: -j lists them`)]]
      : []),
    ...(early > 0 ? [[span(`  ${share(early)} end the program early and so go to slot 0`)]] : []),
  ];
}

export function attachMeasuredLines({ before, after }: BeforeAndAfter, what: string, style: Style): Line[] {
  const columns: Column[] = [
    { head: '', align: 'left' },
    { head: 'before', align: 'right' },
    { head: 'after', align: 'right' },
  ];
  const rate = ({ events, seconds }: LocalityCount) => perSecond(events, seconds);
  const rows = [
    ['  local', percentSpan(before.percent), percentSpan(after.percent)],
    [`  ${what}`, String(before.events), String(after.events)],
    [`  ${what} a second`, rate(before), rate(after)],
  ];
  return [[span('')], ...table(columns, rows, style)];
}

/** `asked`: before a question. */
export type DetachStage = Exclude<AttachStage, 'agreed'>;

export function detachLines(results: readonly Detached[], stage: DetachStage): Line[] {
  return results.map(({ group, pid, fd, detached, attached, previous }) => {
    const name = previous?.name ? `\`${previous.name}\`` : 'the program';
    const through = `${name} through pid ${pid} fd ${fd}`;
    if (detached) return [span(`${group}: detached ${through}; the kernel's hash decides again`)];
    if (!attached) return [span(`${group}: no program is attached; nothing was changed`)];
    const nothing = stage === 'dry run' ? '; nothing was changed' : '';
    return [span(`${group}: would detach ${through}${nothing}`)];
  });
}
