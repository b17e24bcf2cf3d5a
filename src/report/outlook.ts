/** What would make a group local, after the figure of today: never a program that would starve or overload workers. */

import { cpu as byCpu } from '../cbpf/programs.ts';
import { afterCommands } from '../diagnose/diagnose.ts';
import { type Ranked, rank } from '../diagnose/ranked.ts';
import type { Finding } from '../diagnose/types.ts';
import type { Group, Host } from '../host/types.ts';
import { busiestWorker } from '../path/balance.ts';
import { steerCommand } from '../words/commands.ts';
import { percent } from '../words/phrase.ts';
import type { Inspection } from './inspection.ts';

/** Commands that change which CPU receives. */
const RECEIVING = /smp_affinity|^ethtool -[XL]|rps_cpus|\/threaded/;

/** A worker is overloaded if it gets this many times its fair share. */
const UNEVEN = 1.25;

/** As little as this is not a gain. */
const NO_GAIN = 0.005;

/** The commands come from findings, which give one only if nothing else must be done first. */
export function outlooks(inspection: Inspection): (each: Ranked) => string {
  const { host, findings } = inspection;
  const command = steerCommand(host);
  const fixes = findings.flatMap(({ fix }) => fix);
  // As printed there: with --netns if the user named a namespace.
  const printed = (bare: string) => fixes.find((fix) => fix === bare || fix.startsWith(`${bare} --netns `));
  const offer = (group: Group, program: 'cpu' | 'map') =>
    command('attach', group, program).map(printed)[0] ?? null;
  let after: ReadonlyMap<string, Ranked> | null = null;
  const later = (group: Group): Ranked | undefined => {
    after ??= new Map(rank(afterCommands(inspection).view).map((each) => [each.group.id, each]));
    return after.get(group.id);
  };
  return (each) => {
    const { group, now, cpu } = each;
    const about = findings.filter(({ subject, fix }) => fix.length > 0 && subject.includes(group.id));
    if (now !== null && now >= 1 - NO_GAIN)
      return about.length > 0 ? ' The findings propose changes for other reasons.' : ' Nothing to gain.';
    const prevented = findings.length > 0 ? ' The findings say what prevents it.' : '';
    const gains = (share: number | null) => share !== null && share > (now ?? 0) + NO_GAIN;
    const plain = offer(group, 'cpu');
    const offered = plain ?? offer(group, 'map');
    const pins = about.some(({ rule }) => rule === 'worker-not-pinned');
    if (offered !== null && (pins || findings.some((finding) => moves(finding, each, host)))) {
      const then = pins || plain === null ? null : (later(group)?.cpu ?? null);
      if (then === null) return ' The commands of the findings fix it, in their order.';
      return gains(then)
        ? ` ${percent(then)} possible with the commands of the findings, in their order.`
        : prevented;
    }
    if (plain !== null && now !== null && cpu !== null && !gains(cpu)) return prevented;
    const most = gains(cpu) ? busiest(each, host) : null;
    const uneven = most !== null && most > UNEVEN / group.size;
    const load = `one worker ${percent(most)} of the flows; a fair share is ${percent(1 / group.size)}`;
    if (offered !== null)
      return gains(cpu)
        ? ` ${percent(cpu)} possible with \`${offered}\`${uneven ? `, which gives ${load}` : ''}.`
        : ` \`${offered}\` fixes it.`;
    if (uneven) return ` A program by CPU would give ${load}.${prevented}`;
    if (gains(cpu))
      return ` With \`cpu\` it would be ${percent(cpu)}${findings.length > 0 ? '; the findings say what prevents it' : ''}.`;
    return now === null ? '' : prevented;
  };
}

/** Does it move what the group receives to other CPUs? A finding about CPUs may name no interface. */
function moves({ subject, fix }: Finding, { byNic }: Ranked, { nics }: Host): boolean {
  const own = new Set(byNic.map(({ nic }) => nic));
  const words = new Set(subject.split(/[ ,]+/));
  const named = nics.filter(({ name }) => words.has(name));
  return (
    fix.some((command) => RECEIVING.test(command)) &&
    (named.length === 0 || named.some(({ name }) => own.has(name)))
  );
}

/** The share of the flows that the busiest worker would get under `cpu`, of the worst NIC, 0 to 1; null if not known. */
function busiest({ group, byNic }: Ranked, { nics, machine }: Host): number | null {
  if (group.size < 1) return null;
  const program = { kind: 'cbpf', name: 'cpu', asm: null, instructions: byCpu(group.size) } as const;
  const steered: Group = { ...group, selection: 'cbpf', program };
  const own = new Set(byNic.map(({ nic }) => nic));
  const shares = nics
    .filter(({ name }) => own.has(name))
    .flatMap((nic) => busiestWorker(steered, nic, machine) ?? []);
  return shares.length > 0 ? Math.max(...shares) : null;
}
