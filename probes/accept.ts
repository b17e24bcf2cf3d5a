/** Are connections accepted on the CPU that receives them? */
import { begin, clearAtEnd, type Holes, printEvery, script, wantedBy } from './text.ts';

export type AcceptScript = 'fentry' | 'tracepoint';

export const acceptScript = (which: AcceptScript, holes: Holes): string =>
  script(HEADERS[which], [
    begin(`Tracing ${which === 'fentry' ? 'inet_csk_accept' : 'accept and accept4'} ... Hit Ctrl-C to end.`),
    `tracepoint:syscalls:sys_enter_accept,
tracepoint:syscalls:sys_enter_accept4
/${wantedBy(holes)}/
{
	@listener[tid] = (uint64)args->fd + 1;
}
`,
    HOOKS[which](wantedBy(holes)),
    printEvery(holes, ['pairs']),
    clearAtEnd('listener'),
  ]);

/** Where a new connection ($sk) is accepted: in a kernel function, or at the end of the system call. */
const HOOKS: Readonly<Record<AcceptScript, (wanted: string) => string>> = {
  fentry: (wanted) => `kretfunc:inet_csk_accept
/${wanted}/
{
	$sk = (struct sock *)retval;
	$port = (uint64)$sk->__sk_common.skc_num;
	if ((uint64)$sk != 0 && ($2 == 0 || $port == $2)) {
		$rxcpu = $sk->__sk_common.skc_incoming_cpu;
		@pairs[pid, @listener[tid], $port, cpu, $rxcpu]++;
	}
}

tracepoint:syscalls:sys_exit_accept,
tracepoint:syscalls:sys_exit_accept4
/@listener[tid]/
{
	delete(@listener[tid]);
}
`,
  tracepoint: (wanted) => String.raw`tracepoint:syscalls:sys_exit_accept,
tracepoint:syscalls:sys_exit_accept4
/${wanted}/
{
	$listener = @listener[tid];
	if (args->ret >= 0) {
		/* fdt->fd[ret], which bpftrace refuses in this form */
		$fd = (uint64)args->ret;
		$task = (struct task_struct *)curtask;
		$slot = (uint64)$task->files->fdt->fd + $fd * POINTER_BYTES;
		$file = *(struct file **)$slot;
		$sk = ((struct socket *)$file->private_data)->sk;
		$family = $sk->__sk_common.skc_family;
		$port = (uint64)$sk->__sk_common.skc_num;
		$rxcpu = $sk->__sk_common.skc_incoming_cpu;
		if (($family == AF_INET || $family == AF_INET6)
		    && ($2 == 0 || $port == $2)) {
			@pairs[pid, $listener, $port, cpu, $rxcpu]++;
			if ($4 == 1) {
				printf("cpu=#%d pid=%d accept(%d) -> fd=%d rxcpu=#%d\n", cpu,
				    pid, (int64)$listener - 1, $fd, $rxcpu);
			}
		}
	}
	if ($listener != 0) {
		delete(@listener[tid]);
	}
}
`,
};

const header = (which: AcceptScript, usage: string, about: string): string =>
  `accept.${which}.bt - is a connection accepted on the CPU that receives it?

Usage: bpftrace accept.${which}.bt ${usage}

Example of usage:

# bpftrace accept.${which}.bt 0 8080
Tracing ${which === 'fentry' ? 'inet_csk_accept' : 'accept and accept4'} ... Hit Ctrl-C to end.
@pairs[29333, 7, 8080, 0, 0]: 502
@pairs[29333, 7, 8080, 0, 1]: 507

The keys of @pairs are: pid, listener's fd + 1, port, CPU of the accept, CPU
of the connection's latest packet (rxcpu, what SO_INCOMING_CPU says). Here
process 29333 runs on CPU 0, and half of its connections were received
there. The counts are totals since the start. An fd + 1 of 0 means that the
call began before the probe${which === 'fentry' ? ', or that io_uring or the kernel itself accepted' : ''}.

${about}
Because @pairs has the CPU as a key, no two CPUs write one entry: ++ is
exact, and an entry takes 8 bytes where count() takes 8 for each CPU.`;

const HEADERS: Readonly<Record<AcceptScript, string>> = {
  fentry: header(
    'fentry',
    '[PID [PORT [COMM]]]\n0 or "" matches any.',
    `Also sees the accepts of io_uring and of the kernel itself. The new
descriptor does not exist yet, so there is no line for each accept. A
kretprobe would have room for twice as many sleeping calls as there are CPUs
and miss the rest, and blocking servers have more threads.
Needs fentry (a stock kernel of 5.5 and later, on Arm 6.4) and BTF.`,
  ),
  tracepoint: header(
    'tracepoint',
    '[PID [PORT [COMM [EVENTS]]]]\n0 or "" matches any. EVENTS 1 also prints a line for each accept.',
    `An event reads like this:

cpu=#12 pid=29333 accept(3) -> fd=30 rxcpu=#12

Does not see the accepts of io_uring, nor those of the kernel itself.
Needs tracepoints only; every kernel with BTF.`,
  ),
};
