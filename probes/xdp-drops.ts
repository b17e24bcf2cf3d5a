/** xdp-drops.bt: what XDP loses, and why. */
import { begin, type Holes, printEvery, script } from './text.ts';

/** Keys of @exceptions: program's id, action. @errors: program's id, errno. @queue, @memory: map's id, CPU of the entry. */
export const xdpDropsScript = (holes: Holes): string =>
  script(HEADER, [
    begin('Tracing what XDP loses ... Hit Ctrl-C to end.'),
    PROBES,
    printEvery(holes, ['exceptions', 'errors', 'queue', 'memory']),
  ]);

/** Each of them counts on one CPU at a time: the last key keeps two CPUs from writing one entry. */
const PROBES = `tracepoint:xdp:xdp_exception
{
	@exceptions[args->prog_id, args->act, cpu]++;
}

tracepoint:xdp:xdp_redirect_err
{
	@errors[args->prog_id, args->err, cpu]++;
}

tracepoint:xdp:xdp_cpumap_enqueue
/args->drops > 0/
{
	@queue[args->map_id, args->to_cpu, cpu] += args->drops;
}

tracepoint:xdp:xdp_cpumap_kthread
/args->drops > 0/
{
	@memory[args->map_id, args->cpu, cpu] += args->drops;
}
`;

const HEADER = `xdp-drops.bt - what XDP loses, and why.

Usage: bpftrace xdp-drops.bt

Example of usage:

# bpftrace xdp-drops.bt
Tracing what XDP loses ... Hit Ctrl-C to end.
@queue[42, 1, 0]: 211

The queue of CPU 1 in the CPU map with id 42 was full, and CPU 0 dropped 211
packets. The maps are:

@exceptions[program id, action, CPU]: the driver dropped the packet. Action
  0 (aborted): the program failed, or redirected to an entry that is not
  there; 3 (tx), 4 (redirect): it could not be sent on.
@errors[program id, errno, CPU]: a redirect failed; a driver may count the
  same packet in @exceptions.
@queue[map id, CPU of the entry, CPU]: the queue of that CPU was full.
@memory[map id, CPU of the entry, CPU]: no memory for a socket buffer.

What a program drops on purpose is not counted. "bpftool prog" and "bpftool
map" show what the ids belong to. The counts are totals since the start.
Tracepoints only; kernel 5.9 and later. Before 5.11 bpftrace needs the
environment variable BPFTRACE_BTF=/sys/kernel/btf/vmlinux.`;
