/** Every probe as a script that bpftrace runs by itself. `npm run build` writes them to dist/probes/. */
import { acceptScript } from './accept.ts';
import { skbScript } from './skb.ts';
import { skbFreeScript } from './skb-free.ts';
import { skbToDriverScript } from './skb-to-driver.ts';
import { slotsScript } from './slots.ts';
import { BY_HAND } from './text.ts';
import { udpReadsScript, udpScript } from './udp.ts';
import { waitScript } from './wait.ts';
import { xdpDropsScript } from './xdp-drops.ts';

const SKB = ['fentry', 'kfunc', 'kprobe', 'rawtracepoint', 'tracepoint', 'incoming-cpu'] as const;
const skbHoles = { ...BY_HAND, flushes: false, toDriver: false };

/** By file name. */
export const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ...SKB.map((which) => [`skb.${which}.bt`, skbScript(which, skbHoles)] as const),
  ['skb-to-driver.bt', skbToDriverScript()],
  ...(['fentry', 'tracepoint'] as const).flatMap((which) => [
    [`skb-free.${which}.bt`, skbFreeScript(which, skbHoles)] as const,
    [`accept.${which}.bt`, acceptScript(which, BY_HAND)] as const,
  ]),
  ...(['fentry', 'kprobe', 'tracepoint'] as const).map(
    (which) => [`udp.${which}.bt`, udpScript(which, BY_HAND)] as const,
  ),
  ['udp-reads.bt', udpReadsScript()],
  ...(['connection', 'datagram', 'data'] as const).flatMap((waiting) =>
    (['fentry', 'tracepoint'] as const).map(
      (which) => [`wait-${waiting}.${which}.bt`, waitScript(waiting, which, BY_HAND)] as const,
    ),
  ),
  ['xdp-drops.bt', xdpDropsScript(BY_HAND)],
  ['slots.bt', slotsScript({ incomingCpu: true, udpReads: false })],
]);
