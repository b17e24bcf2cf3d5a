/** What a balancer costs a request, and how many flows its cache remembers. Needs root: network namespaces, four programs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fill, place } from '../../../src/balance/fill.ts';
import type { InForce } from '../../../src/balance/in-force.ts';
import { parseCpuList } from '../../../src/host/cpus.ts';
import { closeDescriptor, keysOf, programInfo, testRun } from '../../../src/system/bpf.ts';
import { openFiles } from '../../../src/system/files.ts';
import { native } from '../../../src/system/native.ts';
import { load } from '../../../src/xdp/load.ts';
import { imageOf } from '../../../src/xdp/ours.ts';
import { withMapsOf } from '../../../src/xdp/state.ts';
import { addressesOf, Network } from '../../balance/network.ts';
import { ethernet, network, u32, udp } from '../../xdp/packets.ts';

const REQUESTS = 4_000;

/** Requests to nginx, directly and by the balancer in turn, so that what else the machine does meets both. */
export async function latencyTable(): Promise<void> {
  const net = new Network(['lb1'], ['n1']);
  try {
    await net.open();
    const made = net.balance(
      'lb1',
      `balance apply ${net.save('one.json', { n1: 1 })} --iface e0 --mode generic --yes`,
    );
    if (made.status !== 0) throw new Error(made.stderr);
    const client = await net.client();
    const times = await client.latency(addressesOf('n1')[0], REQUESTS);
    console.log(
      `\nµs a request of nginx in network namespaces, ${REQUESTS} each, in turn: client, router, (balancer, generic mode,) server`,
    );
    console.table(
      Object.entries({ median: 0.5, 'of 100, the slowest': 0.99 }).map(([what, share]) => {
        const at = (list: readonly number[]) =>
          list.toSorted((a, b) => a - b)[Math.floor(share * list.length)] ?? Number.NaN;
        const [direct, balanced] = [at(times.direct), at(times.balanced)];
        return {
          what,
          direct: direct.toFixed(1),
          balanced: balanced.toFixed(1),
          ratio: (balanced / direct).toFixed(2),
        };
      }),
    );
  } finally {
    net.close();
  }
}

const SIZES = [1_024, 16_384];
const CONNECTIONS = 300;
const ROUNDS = 3;
const LINK = { mac: '02:00:00:00:00:01', mtu: 1500, source4: null, source6: null };

/** Connections send a packet now and then, and between them come other flows: who is still in the map? */
export async function cacheTable(): Promise<void> {
  native().unlimitMemlock();
  const possible =
    parseCpuList(openFiles('/').text('/sys/devices/system/cpu/possible')?.trim() ?? '0')?.length ?? 1;
  const found: object[] = [];
  for (const flowCache of SIZES) {
    await sleep(250);
    const inForce: InForce = {
      mode: 'generic',
      seed: 1,
      flowCache,
      vips: [
        {
          address: '198.51.100.1',
          port: 53,
          protocol: 'udp',
          backends: [{ address: '10.0.0.1', weight: 1, via: 'mac', mac: '02:00:00:00:02:01' }],
        },
      ],
    };
    const placed = place(inForce, [], () => 1);
    const fd = load({
      image: imageOf({ command: 'balance', way: 'cache' }),
      name: 'lt_bench',
      ...fill(inForce, LINK, placed, [0], possible),
    });
    let stranger = CONNECTIONS;
    for (const packets of [1, 2])
      for (const times of [0.5, 1, 2]) {
        for (let round = 0; round < ROUNDS; round++) {
          for (let number = 0; number < CONNECTIONS; number++) testRun(fd, packetOf(number));
          for (const end = stranger + times * flowCache; stranger < end; stranger++)
            for (let packet = 0; packet < packets; packet++) testRun(fd, packetOf(stranger));
        }
        const known = withMapsOf(programInfo(fd), (maps) => {
          const map = maps.get('flows');
          return map === undefined ? [] : keysOf(map.fd, map).map(numberIn);
        });
        found.push({
          places: flowCache,
          'packets of each other flow': packets,
          'flows between two packets of a connection': times * flowCache,
          'connections known': `${known.filter((number) => number < CONNECTIONS).length} of ${CONNECTIONS}`,
          'flows known': known.length,
        });
      }
    closeDescriptor(fd);
  }
  console.log('\nconnections that the flow cache remembers among other flows, all on one CPU');
  console.table(found);
}

function packetOf(number: number): Uint8Array {
  const flow = {
    source: u32(0x0a00_0000 + number),
    destination: u32(0xc633_6401),
    sourcePort: 4000,
    destinationPort: 53,
  };
  return ethernet(network(flow, 'udp', udp(flow, Buffer.alloc(8))));
}

/** struct flow_key begins with the client's address. */
const numberIn = (key: Uint8Array): number =>
  new DataView(key.buffer, key.byteOffset).getUint32(0) - 0x0a00_0000;
