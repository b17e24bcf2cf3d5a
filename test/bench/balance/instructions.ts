/**
 * `instructions.ts FOLDER`: in a guest with one CPU and `-icount shift=0`, where a nanosecond is an instruction. Runs the
 * programs of the balancer, and the one of score.bpf.c (compiled to FOLDER), on packets of ours, and prints instructions a
 * packet as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { addressWords } from '../../../src/balance/address-words.ts';
import { fill, place } from '../../../src/balance/fill.ts';
import type { InForce } from '../../../src/balance/in-force.ts';
import { closeDescriptor, loadProgram, PROGRAM_TYPE, testRun } from '../../../src/system/bpf.ts';
import { native } from '../../../src/system/native.ts';
import { hashOf } from '../../../src/xdp/hash.ts';
import type { Image } from '../../../src/xdp/image.ts';
import { load } from '../../../src/xdp/load.ts';
import { imageOf } from '../../../src/xdp/ours.ts';
import { ethernet, network, u32, udp } from '../../xdp/packets.ts';

const SIZES = [3, 16, 64, 256];
const SEED = 0x5eed_1234;
const FLOWS = 50;
const REPEAT = 200;
/** Of packets.ts. Backends have it too, so that a packet is for this machine again after each run. */
const LINK = { mac: '02:00:00:00:00:01', mtu: 1500, source4: null, source6: null };
const STEPS = 1024;
const TX = 3;

const folder = process.argv[2] ?? '';
const { image: scoring }: { readonly image: Image } = await import(pathToFileURL(`${folder}/score.ts`).href);

const balancer = (count: number, flowCache: number | null): InForce => ({
  mode: 'generic',
  seed: SEED,
  flowCache,
  vips: [
    {
      address: '198.51.100.1',
      port: 53,
      protocol: 'udp',
      backends: Array.from({ length: count }, (_, at) => ({
        address: `10.0.${at >> 8}.${at & 255}`,
        weight: 1 + (at % 4),
        via: 'mac',
        mac: LINK.mac,
      })),
    },
  ],
});

const packetTo = (destination: number, number: number): Uint8Array => {
  const flow = {
    source: u32(0x0a00_0000 + number),
    destination: u32(destination),
    sourcePort: 4000,
    destinationPort: 53,
  };
  return ethernet(network(flow, 'udp', udp(flow, Buffer.alloc(30))));
};

/** Instructions a packet: of several flows the one in the middle. */
function cost(fd: number, destination = 0xc633_6401, verdict = TX): number {
  const found = Array.from({ length: FLOWS }, (_, number) => {
    const packet = packetTo(destination, number);
    testRun(fd, packet);
    const run = testRun(fd, packet, REPEAT);
    if (run.verdict !== verdict) throw new Error(`verdict ${run.verdict}`);
    return run.nanoseconds;
  });
  return found.sort((a, b) => a - b)[FLOWS >> 1] ?? Number.NaN;
}

/** Pool and logarithms of score.bpf.c. */
function scores(inForce: InForce) {
  const backends = inForce.vips[0]?.backends.toSorted((a, b) => (a.address < b.address ? -1 : 1)) ?? [];
  const pool = Buffer.alloc(4 + 8 * 256);
  pool.writeUInt32LE(backends.length, 0);
  for (const [at, { address, weight }] of backends.entries()) {
    pool.writeUInt32LE(hashOf(SEED, addressWords(address)), 4 + 8 * at);
    pool.writeUInt16LE(Math.round(2 ** 15 / weight), 8 + 8 * at);
    pool.writeUInt16LE(at, 10 + 8 * at);
  }
  const logs = Buffer.alloc(8 * STEPS);
  const at = (step: number) => Math.round(-Math.log((step + 0.5 / 2 ** 22) / STEPS) * 2 ** 20);
  for (let step = 0; step < STEPS; step++) {
    logs.writeUInt32LE(at(step), 8 * step);
    logs.writeUInt32LE(at(step) - Math.max(0, at(step + 1)), 8 * step + 4);
  }
  const entry = (map: string, value: Uint8Array) => ({
    map,
    keys: Buffer.alloc(4).toString('base64'),
    values: Buffer.from(value).toString('base64'),
  });
  return [entry('pools', pool), entry('logs', logs)];
}

native().unlimitMemlock();
const PASS = { name: 'lt_pass', type: PROGRAM_TYPE.xdp, attachType: 0 };
// r0 = 2; exit
const nothing = loadProgram({
  ...PASS,
  instructions: Uint8Array.of(0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0),
});
const rows: object[] = [];
const others: Record<string, number> = { nothing: cost(nothing, undefined, 2) };
for (const count of SIZES) {
  const costs: Record<string, number> = { backends: count };
  for (const way of ['rows', 'cache', 'score'] as const) {
    await sleep(250);
    const inForce = balancer(count, way === 'cache' ? 65_536 : null);
    const placed = place(inForce, [], () => 1);
    const filled = fill(inForce, LINK, placed, [], 1);
    const image = way === 'score' ? scoring : imageOf({ command: 'balance', way });
    const entries = [...filled.entries, ...(way === 'score' ? scores(inForce) : [])];
    const fd = load({ image, name: 'lt_cost', sizes: filled.sizes, entries });
    costs[way] = cost(fd);
    if (way === 'rows' && count === SIZES[0]) {
      others['anotherAddress'] = cost(fd, 0x0808_0808, 2);
    }
    closeDescriptor(fd);
  }
  rows.push(costs);
}
console.log(JSON.stringify({ rows, others }));
