/** Checks of what this process may do. */
import { createServer } from 'node:net';
import { type Capability, hasCapability, inUserNamespace } from '../system/capabilities.ts';
import { isSystemError } from '../system/errors.ts';
import { CHANGE, LOOK, STEER, TRACE } from './commands.ts';
import { asRoot, isContained, serviceOf } from './surroundings.ts';
import { type Check, fails, NOT_READ, type Outcome, type Subject, unknown, works } from './types.ts';

export const PRIVILEGE_CHECKS: readonly Check[] = [
  capability('cap-dac-read-search', 'DAC_READ_SEARCH', LOOK, 'see the workers of other users'),
  capability('cap-sys-ptrace', 'SYS_PTRACE', STEER, "copy another user's socket"),
  capability('cap-sys-admin', 'SYS_ADMIN', TRACE, 'run bpftrace'),
  capability('cap-net-admin', 'NET_ADMIN', CHANGE, 'change queues, RSS tables and XPS'),
  capability('cap-sys-nice', 'SYS_NICE', CHANGE, 'pin the threads of other users'),
  { id: 'user-namespace', commands: [...CHANGE, ...TRACE], examine: userNamespace },
  { id: 'ptrace-scope', commands: STEER, examine: ptraceScope },
  { id: 'pidfd-getfd', commands: STEER, examine: pidfdGetfd },
];

function capability(id: string, name: Capability, commands: readonly string[], what: string): Check {
  return { id, commands, examine: (subject) => examineCapability(subject, name, what) };
}

function examineCapability(subject: Subject, name: Capability, what: string): Outcome {
  const { files, live } = subject;
  const has = live === null ? null : hasCapability(files, 'CapEff', name);
  if (live === null || has === null) return NOT_READ;
  return has
    ? works(`CAP_${name}, to ${what}`)
    : fails(`CAP_${name} is missing, which is needed to ${what}`, remedy(subject, live.euid, name));
}

/** Root without it has lost it from its bounding set. */
function remedy({ files }: Subject, euid: number, name: Capability): string {
  if (euid !== 0 && hasCapability(files, 'CapBnd', name) !== false)
    return 'run it as root: sudo locality-tune doctor';
  if (isContained(files))
    return `start the container with --cap-add ${name}, or run locality-tune on the host`;
  const service = serviceOf(files);
  if (service !== null)
    return `add CAP_${name} to CapabilityBoundingSet= of ${service}: systemctl edit ${service}`;
  return `start it without the program that removed CAP_${name} from its bounding set (setpriv, capsh, a container)`;
}

function userNamespace({ files, live }: Subject): Outcome {
  const inside = live === null ? null : inUserNamespace(files);
  if (inside === null) return NOT_READ;
  return inside
    ? fails(
        'in a user namespace, whose capabilities do not count for BPF and for the devices of the host',
        'run it outside of the rootless container or of unshare --user',
      )
    : works('in the user namespace of the host');
}

function ptraceScope(subject: Subject): Outcome {
  const { files, live } = subject;
  const scope = files.text('/proc/sys/kernel/yama/ptrace_scope')?.trim();
  if (scope === undefined) return live === null ? NOT_READ : works('the kernel has no Yama');
  if (scope === '0') return works('Yama allows copies of sockets (ptrace_scope 0)');
  if (scope === '3')
    return fails(
      'Yama refuses copies of sockets, also to root (ptrace_scope 3, which only a reboot ends)',
      'set kernel.yama.ptrace_scope = 1 in /etc/sysctl.d, then reboot',
    );
  const has = hasCapability(files, 'CapEff', 'SYS_PTRACE');
  if (has === null) return unknown(`ptrace_scope is ${scope}; whether CAP_SYS_PTRACE is there is not known`);
  if (has) return works(`Yama allows copies of sockets to CAP_SYS_PTRACE (ptrace_scope ${scope})`);
  return fails(
    `Yama allows copies of sockets only to CAP_SYS_PTRACE (ptrace_scope ${scope})`,
    asRoot(subject, 'locality-tune doctor'),
  );
}

/** Copies a socket of this very process, as attach does with one of a server. */
async function pidfdGetfd({ files, live }: Subject): Promise<Outcome> {
  if (live === null) return NOT_READ;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const fd = files
      .list('/proc/self/fd')
      .find((name) => files.link(`/proc/self/fd/${name}`)?.startsWith('socket:'));
    if (fd === undefined) return NOT_READ;
    const [answer] = await live.kernel.borrow([{ pid: process.pid, fd: Number(fd), cookie: null }]);
    if (answer === undefined) return NOT_READ;
    if (!isSystemError(answer)) return works('sockets can be copied (pidfd_getfd)');
    return fails(
      `a socket of this process cannot be copied (pidfd_getfd: ${answer.code})`,
      isContained(files)
        ? 'start the container with --cap-add SYS_PTRACE, or with a seccomp profile that allows pidfd_getfd'
        : 'allow pidfd_getfd in the seccomp filter (SystemCallFilter= of a systemd unit)',
    );
  } finally {
    server.close();
  }
}
