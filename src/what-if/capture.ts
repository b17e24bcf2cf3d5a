/** The flows of a capture: packets for which the kernel chooses a socket, each flow once. */
import { endpoint, type Flow, formatFlow } from '../path/flow.ts';
import { type Pull, readCapture } from '../pcap/capture.ts';
import { type Choosing, packetOf } from '../pcap/packet.ts';

export interface CapturedFlows {
  readonly flows: readonly Flow[];
  /** Packets that choose no socket. */
  readonly passedOver: number;
  /** What is wrong with the file after the last readable packet. */
  readonly problem: string | null;
}

export function flowsIn(pull: Pull): CapturedFlows {
  const flows = new Map<string, Flow>();
  let passedOver = 0;
  const problem = readCapture(pull, (frame) => {
    const packet = packetOf(frame);
    const flow = typeof packet === 'string' ? null : flowOf(packet);
    if (flow === null) passedOver++;
    else flows.set(formatFlow(flow), flow);
  });
  return { flows: [...flows.values()], passedOver, problem };
}

/** null if the capture has cut off the ports. */
function flowOf({ protocol, environment, transport }: Choosing): Flow | null {
  const header = environment.network;
  if (header === null || header.length < transport + 4) return null;
  const [at, length] = (header[0] ?? 0) >> 4 === 4 ? [12, 4] : [8, 16];
  const port = (offset: number) =>
    ((header[transport + offset] ?? 0) << 8) | (header[transport + offset + 1] ?? 0);
  // The buffer of a capture is large, so the parts to keep are copied.
  const source = endpoint(header.slice(at, at + length), port(0));
  return { protocol, source, destination: endpoint(header.slice(at + length, at + 2 * length), port(2)) };
}
