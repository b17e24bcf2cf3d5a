/** Are packets handed to the driver on the CPU that sent them? */
import { type Holes, printEvery, script } from './text.ts';

export interface DriverHoles extends Holes {
  /** Also count where packets are handed to the driver. */
  readonly toDriver: boolean;
}

/** The last parts of a probe: they print `maps`, and if requested the packets that are handed to the driver. */
export const countAndPrint = (holes: DriverHoles, maps: readonly string[]): readonly string[] =>
  holes.toDriver ? [TO_DRIVER, printEvery(holes, [...maps, 'driver'])] : [printEvery(holes, maps)];

const TO_DRIVER = `tracepoint:net:net_dev_start_xmit
{
	@driver[((struct sk_buff *)args->skbaddr)->alloc_cpu, cpu] = count();
}
`;

export const skbToDriverScript = (): string =>
  script(
    `skb-to-driver.bt - are packets handed to the driver on their sender's CPU?

Example of usage:

# bpftrace skb-to-driver.bt
^C
@driver[0, 0]: 2017
@driver[0, 1]: 3

Keyed by the CPU that allocated a packet and the CPU that called the driver.
That is nearly always the sender's own context: the figure is about 100 %
with any XPS and IRQs. It does not measure tx locality, only how many
packets went through a queueing discipline or were sent by an ACK on another
CPU. A GSO packet counts once. Loopback counts. Kernel 5.19 and later with
BTF.`,
    [TO_DRIVER],
  );
