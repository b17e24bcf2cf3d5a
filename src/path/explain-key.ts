/** `explain --rss-key`: only the calculation, without a machine. */
import type { Nic } from '../host/types.ts';
import type { Explanation } from './explain.ts';
import { rssSteps } from './explain-steps.ts';
import { type Flow, formatFlow } from './flow.ts';
import { type Given, hasher } from './rss-hash.ts';
import { lander } from './rss-table.ts';

/** @param key as `ethtool -x` prints it @param indirection queue of each entry; empty without a table */
export function explainKey(
  flow: Flow,
  key: string,
  indirection: readonly number[],
  given: Given,
): Explanation {
  const queues = [...new Set(indirection)];
  const nic: Pick<Nic, 'driver' | 'rss' | 'rxQueues'> = {
    driver: null,
    rss: {
      hashFunction: 'toeplitz',
      inputXfrm: 'none',
      key,
      indirection,
      isDefault: null,
      fields: NO_FIELDS,
      contexts: null,
      contextTables: null,
      ntupleRules: null,
      rules: null,
    },
    rxQueues: queues.map((index) => ({
      index,
      irq: null,
      cpus: [],
      cpusSource: null,
      rps: null,
      rfsFlows: null,
    })),
  };
  const hashes = hasher(nic, { ...given, fields: given.fields ?? 'sdfn' })(flow);
  const landed = lander(nic)(hashes);
  const [hashed] = hashes.possible;
  return {
    flow: formatFlow(flow),
    nic: null,
    hash: hashed?.hash ?? null,
    hashInput: hashed === undefined ? null : Buffer.from(hashed.input).toString('hex'),
    table: landed.size === 0 ? null : { entry: landed.entry, size: landed.size },
    queue: landed.queue,
    irq: null,
    cpu: null,
    group: null,
    slot: null,
    worker: null,
    txQueue: null,
    localShare: null,
    steps: rssSteps(flow, hashes, landed).slice(0, landed.size === 0 ? 2 : undefined),
  };
}

const NO_FIELDS = { tcp4: null, udp4: null, tcp6: null, udp6: null };
