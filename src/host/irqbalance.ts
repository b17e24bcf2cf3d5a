/** Is irqbalance running, and which IRQs does it leave alone? */
import type { Files, System } from '../system/types.ts';
import { kernelThreadPids } from './kernel-threads.ts';
import { showsAllProcesses } from './processes.ts';
import type { Machine } from './types.ts';

/**
 * `bannedIrqs` are those of its command line; [] if it does not run. Later bans through its socket, which answers only
 * root and forgets them with the process, are not included. A captured tree, or a /proc with hidepid, may show only some
 * processes, so a missing irqbalance means nothing there, and both are null.
 */
export function readIrqbalance({ files, kernel }: System): Machine['irqbalance'] {
  const processes = files.list('/proc').filter((name) => /^\d+$/.test(name));
  const pid = findPid(files, processes, kernel !== null);
  if (pid === null)
    return kernel !== null && showsAllProcesses(files)
      ? { running: false, bannedIrqs: [] }
      : { running: null, bannedIrqs: null };
  const commandLine = files.text(`/proc/${pid}/cmdline`);
  return { running: true, bannedIrqs: commandLine ? parseBans(commandLine.split('\0')) : null };
}

// Its socket, pid file and service name the process. Without them, the name of every process is read that is not a thread of
// the kernel: half a second on a host with 50,000 of them, but better than a wrong "not running".
function findPid(files: Files, processes: readonly string[], live: boolean): string | null {
  const likely = [
    ...files.list('/run/irqbalance').map((name) => /^irqbalance(\d+)\.sock$/.exec(name)?.[1]),
    files.text('/run/irqbalance.pid')?.trim(),
    ...(files.text('/sys/fs/cgroup/system.slice/irqbalance.service/cgroup.procs')?.split('\n') ?? []),
  ];
  const alive = new Set(processes);
  const ofKernel = kernelThreadPids(files);
  // Any user can name a process so, and make the reader of its command line wait forever.
  const isRoots = (pid: string) => /^Uid:\s+0\s/m.test(files.text(`/proc/${pid}/status`) ?? '');
  const isIrqbalance = (pid: string): boolean =>
    files.text(`/proc/${pid}/comm`) === 'irqbalance\n' && (!live || isRoots(pid));
  return (
    likely.find((pid) => pid !== undefined && alive.has(pid) && isIrqbalance(pid)) ??
    processes.find((pid) => !ofKernel.has(pid) && isIrqbalance(pid)) ??
    null
  );
}

/** `--banirq=N`, `--banirq N`, `-i N`, `-iN`, as irqbalance's getopt_long accepts them; ascending. */
export function parseBans(args: readonly string[]): readonly number[] {
  const bans = args.flatMap((arg, i) => {
    const value = arg === '--banirq' || arg === '-i' ? args[i + 1] : /^(?:--banirq=|-i)(.*)$/.exec(arg)?.[1];
    return value !== undefined && /^\d+$/.test(value) ? [Number(value)] : [];
  });
  return [...new Set(bans)].sort((a, b) => a - b);
}
