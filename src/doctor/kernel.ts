/** Checks of the kernel itself. */
import { kernelBtf } from '../system/btf.ts';
import { EVERY, TRACE } from './commands.ts';
import { asRoot } from './surroundings.ts';
import { type Check, fails, NOT_READ, type Outcome, type Subject, unknown, works } from './types.ts';

/** pidfd_getfd(2) */
const OLDEST = [5, 6] as const;
const BTF = '/sys/kernel/btf/vmlinux';
const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;

export const KERNEL_CHECKS: readonly Check[] = [
  { id: 'kernel', commands: EVERY, examine: kernel },
  { id: 'btf', commands: TRACE, examine: btf },
  { id: 'alloc-cpu', commands: [], examine: allocCpu },
  { id: 'tracefs', commands: TRACE, examine: tracefs },
  { id: 'lockdown', commands: TRACE, examine: lockdown },
];

function kernel({ files }: Subject): Outcome {
  const release = files.text('/proc/sys/kernel/osrelease')?.trim();
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
  if (release === undefined || major === undefined || minor === undefined) return NOT_READ;
  const isOld = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
  return isOld
    ? fails(`Linux ${release} is too old`, `install Linux ${OLDEST.join('.')} or later`)
    : works(`Linux ${release}`);
}

function btf({ files, live }: Subject): Outcome {
  if (live === null) return NOT_READ;
  if (files.exists(BTF)) return works(`the kernel's types are in ${BTF}`);
  return fails(
    `the kernel has no ${BTF}`,
    'boot a kernel with CONFIG_DEBUG_INFO_BTF=y, as all current distributions have it',
  );
}

function allocCpu({ live }: Subject): Outcome {
  const types = live === null ? null : kernelBtf();
  if (types === null) return unknown("not known: the kernel's types cannot be read");
  return types.hasMember('sk_buff.alloc_cpu')
    ? works('packets name the CPU that received them')
    : works(
        "packets do not name the CPU that received them, so `measure skb` uses the CPU of the socket's latest packet",
        'install Linux 5.19 or later',
      );
}

function tracefs(subject: Subject): Outcome {
  const { files, live } = subject;
  const mounted = TRACEFS.find((path) => files.exists(`${path}/events`));
  if (mounted === undefined) {
    if (live === null) return NOT_READ;
    if (live.euid === 0) return works('tracefs is not mounted; bpftrace gets one of its own');
    return unknown(
      'not known: without root it cannot be seen',
      asRoot(subject, 'mount -t tracefs tracefs /sys/kernel/tracing'),
    );
  }
  if (files.exists(`${mounted}/events/syscalls`)) return works(`tracefs is mounted on ${mounted}`);
  return fails(
    `${mounted} has no tracepoints of system calls`,
    'boot a kernel with CONFIG_FTRACE_SYSCALLS=y, as all current distributions have it',
  );
}

function lockdown({ files, live }: Subject): Outcome {
  const mode = /\[(\w+)\]/.exec(files.text('/sys/kernel/security/lockdown') ?? '')?.[1];
  if (mode === undefined)
    return live !== null && live.euid === 0
      ? works('the kernel has no lockdown, or securityfs is not mounted')
      : NOT_READ;
  if (mode !== 'confidentiality')
    return works(`lockdown is ${mode}, which lets BPF read the kernel's memory`);
  return fails(
    "lockdown is confidentiality, so BPF cannot read the kernel's memory",
    'boot with lockdown=integrity in place of lockdown=confidentiality',
  );
}
