/** Are packets freed on the CPU that allocated them? The figure of 2017, which misleads today. */
import { FENTRY } from './hooks.ts';
import { countAndPrint, type DriverHoles } from './skb-to-driver.ts';
import { begin, script } from './text.ts';

export type SkbFreeScript = 'fentry' | 'tracepoint';

/**
 * Anything but IPv4 and IPv6 does not leave the machine (AF_UNIX ...). Copies of TCP segments count if the segments
 * themselves cannot be seen.
 */
export const skbFreeScript = (which: SkbFreeScript, holes: DriverHoles): string =>
  script(header(which), [
    begin('Tracing frees of packets ... Hit Ctrl-C to end.'),
    `tracepoint:skb:consume_skb,
tracepoint:skb:kfree_skb
{
	$skb = (struct sk_buff *)args->skbaddr;
	if ($skb->skb_iif != 0) {
		@rx[$skb->alloc_cpu, cpu] = count();
	} else if ($skb->fclone ${which === 'fentry' ? '==' : '!='} SKB_FCLONE_UNAVAILABLE
	    ${which === 'fentry' ? '&&' : '||'} ($skb->protocol == ETH_P_IP || $skb->protocol == ETH_P_IPV6)) {
		@tx[$skb->alloc_cpu, cpu] = count();
	}
}
`,
    which === 'fentry' ? ACKED : '',
    ...countAndPrint(holes, ['rx', 'tx']),
  ]);

const ACKED = `/* a TCP segment, freed by its ACK */
${FENTRY.freed.at}
/args->skb->fclone == SKB_FCLONE_ORIG/
{
	@tx[args->skb->alloc_cpu, cpu] = count();
}
`;

const header = (
  which: SkbFreeScript,
): string => `skb-free.${which}.bt - are packets freed on the CPU that allocated them?

${which === 'fentry' ? FIGURE : SAME}

Example of usage:

# bpftrace skb-free.${which}.bt
Tracing frees of packets ... Hit Ctrl-C to end.
@rx[0, 0]: 2017
@tx[0, 1]: 31
13:37:02

Totals since the start, printed each second, by the CPU that allocated a
packet and the CPU that freed it.${which === 'fentry' ? MISSING : ''}

${which === 'fentry' ? 'A stock kernel of 5.19 and later (Arm: 6.4) with BTF.' : 'Kernel 5.19 and later with BTF.'}`;

const FIGURE = `The figure of 2017 (Cloudflare, "Perfect locality and three epic SystemTap
scripts"), without its map from packet to CPU. It MISLEADS on today's
kernels: since 5.19 a packet that was read on another CPU is returned to the
CPU that allocated it and freed there, and bare ACKs never leave the CPU
that received them. So @rx is at least 95 % local, wherever readers run.
Since 6.19 drivers do the same with what was sent. TCP's part of @tx still
shows where ACKs arrive. skb.fentry.bt counts where packets are read.`;
const SAME = `What skb-free.fentry.bt counts, as far as tracepoints see it. It MISLEADS
for the same reasons. It does not count TCP segments that are freed by their
ACK, but the copies of them that a driver freed.`;
const MISSING = ` It does not count TCP segments that
the reader frees at once, which pass no tracepoint, nor the tail of a chain
that is freed in one go.`;
