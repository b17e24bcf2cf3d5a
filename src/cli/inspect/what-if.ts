/** What `--with` would change: loads before and after. */
import type { Host } from '../../host/types.ts';
import { arrivalsOf } from '../../path/explain.ts';
import { type Arrival, AS_IT_IS, type WalkOptions, walker } from '../../path/explain-walk.ts';
import { type Flow, formatFlow, parseFlows } from '../../path/flow.ts';
import { readText } from '../../snapshot/read.ts';
import { flowsIn } from '../../what-if/capture.ts';
import { type HostChange, parseHostChange } from '../../what-if/change.ts';
import { type Comparison, loadByFlows, loadsByTable } from '../../what-if/load.ts';
import { cliFailure, during, usage } from '../errors.ts';
import { readCaptureFile } from './capture-file.ts';
import { changesIn, type WhatIfOptions } from './what-if-options.ts';

/** Applies all of --with and --with-plan to a machine on paper; null without any. Throws usage. */
export async function changeOf({ with: texts = [], withPlan }: WhatIfOptions): Promise<HostChange | null> {
  const changes = texts.map((text) => {
    const change = parseHostChange(text);
    if (typeof change === 'string') throw usage(`--with ${change}`);
    return change;
  });
  if (withPlan) changes.push((await import('../../what-if/plan.ts')).withPlan);
  return changes.length === 0 ? null : (host) => changes.reduce((changed, change) => change(changed), host);
}

interface Listed {
  readonly flows: readonly Flow[];
  readonly notes: readonly string[];
}

/** Flows of --flows or --pcap; null if neither is given. */
export async function listedFlows({ flows, pcap }: WhatIfOptions): Promise<Listed | null> {
  if (flows !== undefined) {
    const text = await during(`read ${flows}`, 'read access to the file', () => readText(flows));
    const list = parseFlows(text);
    if (typeof list === 'string')
      throw cliFailure(
        'no-flows',
        `${flows}: ${list}`,
        'write one flow per line: tcp 198.51.100.7:40001 192.0.2.10:443',
      );
    if (list.length === 0) throw cliFailure('no-flows', `${flows}: the file has no flow`);
    return { flows: list, notes: [] };
  }
  if (pcap === undefined) return null;
  const captured = await during(`read ${pcap}`, 'read access to the file', () =>
    readCaptureFile(pcap, flowsIn),
  );
  if (captured.flows.length === 0)
    throw cliFailure(
      'no-flows',
      `${pcap}: ${captured.problem ?? 'the capture has no TCP SYN and no UDP datagram'}`,
    );
  const notes =
    captured.passedOver > 0
      ? [`${captured.passedOver} captured packets choose no socket (only TCP SYNs and UDP datagrams do)`]
      : [];
  return {
    flows: captured.flows,
    notes:
      captured.problem === null
        ? notes
        : [...notes, `${pcap}: ${captured.problem}; only the packets before that are counted`],
  };
}

/** Loads of the machine now and with the changes: by the RSS table, or by the listed flows. */
export function compare(
  host: Host,
  options: WhatIfOptions,
  change: HostChange | null,
  listed: Listed | null,
  iface: string | null,
  walking: WalkOptions = AS_IT_IS,
): Comparison {
  const loads = (of: Host) =>
    listed === null
      ? loadsByTable(of)
      : [loadByFlows(walker(of, walking), arriving(of, listed.flows, iface))];
  const after = change === null ? null : loads(change(host));
  return { with: changesIn(options), before: loads(host), after, notes: listed?.notes ?? [] };
}

/** Throws usage if the interface must be named. */
export function arriving(
  host: Host,
  flows: readonly Flow[],
  iface: string | null,
): (readonly [Flow, readonly Arrival[]])[] {
  return flows.map((flow) => {
    const found = arrivalsOf(host, flow, iface);
    if (!('names' in found)) return [flow, found];
    const names = found.names.length === 0 ? 'none has queues' : `there are: ${found.names.join(', ')}`;
    if (iface !== null) throw cliFailure('no-such-interface', `--iface ${iface}: no such interface`, names);
    throw usage(
      `${formatFlow(flow)}: the interface on which it arrives is not known`,
      `give --iface; ${names}`,
    );
  });
}
