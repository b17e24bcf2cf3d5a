import type { Facts, Finding } from '../types.ts';

/** The server sets SO_INCOMING_CPU, but the kernel ignores it. */
export function incomingCpuWithoutEffect({ host, served }: Facts): readonly Finding[] {
  return served.flatMap(({ group, advice }): Finding[] => {
    const set = group.sockets.filter(({ incomingCpu }) => incomingCpu !== null).length;
    const program = group.selection === 'cbpf' || group.selection === 'ebpf';
    if (set === 0 || (!program && group.incomingCpuHonoured !== false)) return [];
    const finding = { rule: 'incoming-cpu-without-effect', subject: group.id };
    const what = `SO_INCOMING_CPU is set on ${set} of ${group.size} sockets`;
    if (program) {
      const message = `${what}, but the attached program overrides it wherever it picks a slot of the group.`;
      return [{ ...finding, severity: 'info', message, fix: [] }];
    }
    const kernel = host.machine.kernel ?? 'unknown release';
    const message = `${what}, but this kernel (${kernel}) ignores it in a reuseport group and picks by hash.`;
    const steered = advice.program === 'cpu' || advice.program === 'map';
    return [{ ...finding, severity: 'warning', message, fix: steered ? advice.fix : [] }];
  });
}
