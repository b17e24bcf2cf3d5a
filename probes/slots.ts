/** Slots, attached program and selection of reuseport groups. */
import { begin, script } from './text.ts';
import { UDP_READS } from './udp.ts';

export interface SlotsHoles {
  /** The kernel has sock_reuseport.incoming_cpu. Kernels without it ignore SO_INCOMING_CPU in a group. */
  readonly incomingCpu: boolean;
  /** Also count what udp-reads.bt counts. */
  readonly udpReads: boolean;
}

export const slotsScript = ({ incomingCpu, udpReads }: SlotsHoles): string =>
  script(HEADER, [begin('ready'), answer(incomingCpu), udpReads ? UDP_READS : '']);

const answer = (incomingCpu: boolean) => String.raw`tracepoint:syscalls:sys_enter_getpriority
/(uint64)args->which >> 16 == (uint64)$1/
{
	$fd = (uint64)args->which & 0xffff;
	$i = (uint64)args->who & 0xffff;
	$task = (struct task_struct *)curtask;
	$file = *(struct file **)((uint64)$task->files->fdt->fd
	    + $fd * POINTER_BYTES);
	$sk = ((struct socket *)$file->private_data)->sk;
	$r = (struct sock_reuseport *)$sk->sk_reuseport_cb;
	$prog = $r->prog;
	$kern = (struct sock_fprog_kern *)$prog->orig_prog;
	/* socks[], the flexible array at the end: 0.17 has no offsetof */
	$s = *(struct sock **)((uint64)$r
	    + (uint64)sizeof(struct sock_reuseport) + $i * POINTER_BYTES);
	/* struct sock_filter is as long as a pointer */
	$word = *(uint64 *)((uint64)$kern->filter + $i * POINTER_BYTES);

	printf("slot %d %d %d %d %d %d %d %d %d %d %lx %lx %lx %s\n",
	    ((uint64)args->who >> 16) & 0x7fff, $i,
	    ((struct socket_alloc *)$sk->sk_socket)->vfs_inode.i_ino,
	    (uint64)$r->num_socks,
	    (uint64)$prog == 0 ? 0 : 1, (uint64)$kern == 0 ? 1 : 0,
	    (int64)${incomingCpu ? '$r->incoming_cpu' : '-1'}, (uint64)$kern->len,
	    ((struct socket_alloc *)$s->sk_socket)->vfs_inode.i_ino,
	    (int64)$s->__sk_common.skc_incoming_cpu,
	    $word, (uint64)$prog, (uint64)$r, $prog->aux->name);
}
`;

const HEADER = `slots.bt - slots, attached program and selection of reuseport groups.

Nothing else shows them: sock_diag has no attribute for reuseport, and no
getsockopt() returns the program. The asking process duplicates one member
of the group. For each slot it then calls

    getpriority(NONCE << 16 | fd, TOKEN << 16 | index)

which fails with EINVAL, and which this probe answers. NONCE tells two runs
apart (a pid filter would not match in a pid namespace), TOKEN two groups of
one run. "index" counts slots and, in a cBPF program, instructions.

Example of usage:

# bpftrace slots.bt 4711
ready
slot 1 0 7 3 1 0 0 3 7 -1 fffff02400000020 ffffc900005c5000 ffff88810a3c5000
slot 1 1 7 3 1 0 0 3 8 -1 300000094 ffffc900005c5000 ffff88810a3c5000
slot 1 2 7 3 1 0 0 3 9 -1 16 ffffc900005c5000 ffff88810a3c5000

These are: token, index, inode of the socket that was asked, num_socks,
is there a program, is it eBPF, members with SO_INCOMING_CPU, instructions
of the cBPF program, inode of the socket in the slot, its SO_INCOMING_CPU,
the instruction (struct sock_filter, in hexadecimal), the addresses of the
program (another one when it is replaced) and of struct sock_reuseport, the
eBPF program's name.
Here: 3 sockets, "ld cpu; mod #3; ret a". num_socks 0: no reuseport socket.
A null pointer on the way reads as zeros.

Tracepoints only, kernel 4.19 and later with BTF. Kernels before 6.2 without
its backport have no $r->incoming_cpu (and ignore SO_INCOMING_CPU in a
group): by hand, put -1 in its place.`;
