/** What this kernel and bpftrace can do, as far as it is known without loading a program. */
import { bpftraceVersion } from '../system/bpftrace.ts';
import { type Btf, kernelBtf } from '../system/btf.ts';
import { openFiles } from '../system/files.ts';
import type { ProbeVariant } from './types.ts';

export interface Capabilities {
  readonly bpftrace: { readonly major: number; readonly minor: number };
  /** CONFIG_KPROBE_EVENTS */
  readonly kprobes: boolean;
  /** null if the kernel's type information cannot be read; then only a try shows it. */
  readonly btf: Btf | null;
}

/** Throws Failure: bpftrace-missing, bpftrace-too-old, bpftrace-failed, kernel-hung. */
export async function readCapabilities(): Promise<Capabilities> {
  return {
    bpftrace: await bpftraceVersion(),
    kprobes: openFiles('/').exists('/sys/bus/event_source/devices/kprobe'),
    btf: kernelBtf(),
  };
}

export interface Hook {
  readonly type: string;
  /** Name of the function or tracepoint, without its category. */
  readonly name: string;
}

/**
 * The places in the kernel to which a probe attaches. Syscall tracepoints are not in BTF; bpftrace itself finds them.
 */
export function hooksOf(program: string): readonly Hook[] {
  const lines = program.matchAll(
    /^(kfunc|kretfunc|kprobe|kretprobe|rawtracepoint|tracepoint):(?!syscalls:)(?:\w+:)?(\w+)/gm,
  );
  return Array.from(lines, ([, type = '', name = '']) => ({ type, name }));
}

/** Why `variant` cannot run here; null if it is worth a try. */
export function obstacle(
  { program, fields }: ProbeVariant,
  { bpftrace, kprobes, btf }: Capabilities,
): string | null {
  for (const { type, name } of hooksOf(program)) {
    const tracepoint = type.endsWith('tracepoint');
    if (type === 'rawtracepoint' && !hasRawTracepoints(bpftrace))
      return `bpftrace 0.${bpftrace.minor} has no raw tracepoints`;
    if (type.startsWith('k') && type.endsWith('probe') && !kprobes) return 'the kernel has no kprobes';
    if (btf === null) continue;
    if (tracepoint ? !btf.hasTracepoint(name) : !btf.hasFunction(name))
      return `the kernel has no ${tracepoint ? 'tracepoint' : 'function'} ${name}`;
  }
  const field = btf === null ? undefined : fields.find((path) => !btf.hasMember(path));
  return field === undefined ? null : `the kernel has no ${field}`;
}

/** Older versions abort on them; 0.23 is the first that is known to work. */
export const hasRawTracepoints = ({ major, minor }: Capabilities['bpftrace']): boolean =>
  major > 0 || minor >= 23;
