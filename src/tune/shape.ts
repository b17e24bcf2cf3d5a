/**
 * What a saved plan or a journal may contain. Targets become sysfs and procfs paths and system calls on threads and
 * devices, all as root, so every part is checked, and anything not listed here is refused. Pure.
 */
import type { Instruction } from '../cbpf/instruction.ts';
import { subjectOf } from './subject.ts';
import type { Change, Kind, ServedSlot, Target } from './types.ts';

type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isText = (value: unknown): value is string => typeof value === 'string';

export const isNatural = (value: unknown, most = 2 ** 31 - 1): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;

const oneOf = <T extends string>(value: unknown, ...names: readonly T[]): T | null =>
  names.find((name) => name === value) ?? null;

/** dev_valid_name of net/core/dev.c, in 15 bytes. */
export const isInterfaceName = (value: unknown): value is string =>
  isText(value) && /^(?!\.{1,2}$)[^\s/:\0]{1,15}$/u.test(value) && Buffer.byteLength(value) <= 15;

/** The names of an IRQ's handlers, each a folder in /proc/irq/N; a name must not lead out of it. */
const isIrqName = (value: unknown): value is string =>
  isText(value) &&
  value.length <= MOST_NAME &&
  value.split(', ').every((name) => !/[/\0\n]/.test(name) && name !== '.' && name !== '..');

const MOST_NAME = 1_024;
/** Assembler text of the longest program takes a third of it. */
const MOST_TEXT = 256 * 1_024;
/** include/uapi/linux/bpf_common.h: BPF_MAXINSNS. */
const MOST_INSTRUCTIONS = 4_096;
/** More queues than any device has. */
const MOST_QUEUES = 65_535;

/** Only the target of `value`; null if a part is missing or impossible. */
export function parseTarget(value: unknown): Target | null {
  if (!isFields(value)) return null;
  const { kind, nic, queue, queues, irq, irqs, role, name, which, flow, by, pid, tid, comm, startTime } =
    value;
  const isQueue = isNatural(queue, MOST_QUEUES);
  switch (kind) {
    case 'irqbalance':
      return isNaturals(irqs) ? { kind, irqs: [...irqs] } : null;
    case 'channels': {
      const channel = oneOf(which, 'combined', 'rx', 'tx');
      return isInterfaceName(nic) && channel !== null ? { kind, nic, which: channel } : null;
    }
    case 'rss':
      return isInterfaceName(nic) ? { kind, nic } : null;
    case 'fields': {
      const hashed = oneOf(flow, 'tcp4', 'udp4', 'tcp6', 'udp6');
      return isInterfaceName(nic) && hashed !== null ? { kind, nic, flow: hashed } : null;
    }
    case 'irq': {
      const direction = oneOf(role, 'rx', 'tx', 'rxtx');
      const known = irq === -1 || isNatural(irq);
      return isInterfaceName(nic) && direction !== null && isNaturals(queues) && known && isIrqName(name)
        ? { kind, nic, role: direction, queues: [...queues], irq: Number(irq), name }
        : null;
    }
    case 'napi': {
      const known = isThread(pid) && isStart(startTime) && isNatural(value['napi']);
      return isInterfaceName(nic) && isNaturals(queues) && known && isShort(comm)
        ? { kind, nic, queues: [...queues], pid, startTime, comm, napi: Number(value['napi']) }
        : null;
    }
    case 'xps': {
      const map = oneOf(by, 'cpus', 'rxqs');
      return isInterfaceName(nic) && isQueue && map !== null ? { kind, nic, queue, by: map } : null;
    }
    case 'rps':
    case 'rfs':
      return isInterfaceName(nic) && isQueue ? { kind, nic, queue } : null;
    case 'pin': {
      return isThread(pid) && isThread(tid) && isShort(comm) && isStart(startTime)
        ? { kind, pid, tid, comm, startTime, ...parseServes(value['serves']) }
        : null;
    }
    case 'feature': {
      const { feature } = value;
      return isInterfaceName(nic) && isText(feature) && /^[\w-]{1,31}$/.test(feature)
        ? { kind, nic, feature }
        : null;
    }
    case 'xdp':
    case 'tc':
      return isInterfaceName(nic) ? { kind, nic } : null;
    case 'program':
      return parseProgram(value);
    default:
      return null;
  }
}

function parseServes(value: unknown): { readonly serves?: ServedSlot } {
  if (!isFields(value)) return {};
  const { group, slot } = value;
  return isShort(group) && (slot === null || isNatural(slot)) ? { serves: { group, slot } } : {};
}

function parseProgram({ group, name, instructions }: Fields): Target | null {
  if (!isShort(group) || !(name === null || isShort(name))) return null;
  if (instructions === null) return { kind: 'program', group, name, instructions };
  const fits = Array.isArray(instructions) && instructions.length <= MOST_INSTRUCTIONS;
  return fits && instructions.every(isInstruction) ? { kind: 'program', group, name, instructions } : null;
}

const isStart = (value: unknown): value is string | null =>
  value === null || (isText(value) && /^\d{1,20}$/.test(value));
const isThread = (value: unknown): value is number => isNatural(value) && value > 0;
const isNaturals = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length <= MOST_QUEUES && value.every((each) => isNatural(each));
const isShort = (value: unknown): value is string => isText(value) && value.length <= MOST_NAME;

/** struct sock_filter. */
const isInstruction = (value: unknown): value is Instruction => {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [code, jt, jf, k]: readonly unknown[] = value;
  return isNatural(code, 0xffff) && isNatural(jt, 0xff) && isNatural(jf, 0xff) && isNatural(k, 0xffffffff);
};

/**
 * Values as the kernel prints and accepts them: one line, without characters that are special to a shell or another
 * file.
 */
const VALUES: Readonly<Record<Kind, RegExp>> = {
  irqbalance: /^(?:none|\d{1,10}(?: \d{1,10})*)$/,
  channels: /^\d{1,10}$/,
  rss: /^(?:default|\d{1,10}(?: \d{1,10})*)$/,
  fields: /^[a-z]{0,16}$/,
  irq: /^[\d,-]*$/,
  napi: /^[\d,-]*$/,
  xps: /^[\da-f,]*$/i,
  rps: /^[\da-f,]*$/i,
  rfs: /^\d{1,10}$/,
  pin: /^[\d,-]*$/,
  feature: /^o(?:n|ff)$/,
  // The options of a spread, a whole balancer, or the name of another program.
  xdp: /^[\w .,:()/=-]+$/,
  tc: /^(?:none|clsact|clsact restore)$/,
  // Assembler text, which the checker of cbpf checks.
  program: /^[\x20-\x7e\n]*$/,
};

/** Can a setting of this kind have this value? */
export const isValueOf = (kind: Kind, value: unknown): value is string =>
  isText(value) && value.length <= MOST_TEXT && VALUES[kind].test(value);

/** A change from a journal, with a computed subject; null as for `parseTarget`. */
export function parseChange(value: unknown): Change | null {
  if (!isFields(value)) return null;
  const { from, to, why, command } = value;
  const target = parseTarget(value['target']);
  if (target === null || !isValueOf(target.kind, to)) return null;
  if (from !== null && !isValueOf(target.kind, from)) return null;
  return {
    kind: target.kind,
    subject: subjectOf(target),
    target,
    from,
    to,
    why: isText(why) ? why.slice(0, MOST_NAME) : '',
    command: isText(command) ? command.slice(0, MOST_TEXT) : '',
  };
}
