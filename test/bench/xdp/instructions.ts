/**
 * In a guest with one CPU and `-icount shift=0`, where a nanosecond is an instruction: runs each program of `xdp spread` and
 * `xdp sport` on packets of ours, and prints instructions a packet as JSON, without those of a program that does nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeDescriptor, loadProgram, PROGRAM_TYPE, programInfo, testRun } from '../../../src/system/bpf.ts';
import { native } from '../../../src/system/native.ts';
import { load } from '../../../src/xdp/load.ts';
import { imageOf } from '../../../src/xdp/ours.ts';
import { fillSport } from '../../../src/xdp/sport.ts';
import { parseBy, parsePorts } from '../../../src/xdp/spread.ts';
import { fill } from '../../../src/xdp/spread-maps.ts';
import { ethernet, type Flow, network, tunnels, u32, udp } from '../../xdp/packets.ts';

const FLOWS = 50;
const REPEAT = 200;
/** After so many, a flow has got all of its 256 ports. */
const WARM = 3_000;
const PORT = 4000;
const SPORT = { ports: [PORT], first: 1024, last: 65_535, mode: 'native' } as const;

const flow = (number: number, destinationPort = PORT): Flow => ({
  source: u32(0x0a00_0000 + number),
  destination: u32(0xc633_6401),
  sourcePort: 9000,
  destinationPort,
});
const datagram = (number: number, port = PORT, payload: Uint8Array = Buffer.alloc(40, 1)): Uint8Array =>
  ethernet(network(flow(number, port), 'udp', udp(flow(number, port), payload)));
const inside = (number: number): Uint8Array =>
  network(flow(number, 53), 'udp', udp(flow(number, 53), Buffer.alloc(20)));

/** Of several flows the one in the middle. */
function cost(fd: number, packetOf: (number: number) => Uint8Array, verdict: number): number {
  const found = Array.from({ length: FLOWS }, (_, number) => {
    testRun(fd, packetOf(number));
    const run = testRun(fd, packetOf(number), REPEAT);
    if (run.verdict !== verdict) throw new Error(`verdict ${run.verdict}`);
    return run.nanoseconds;
  });
  return found.sort((a, b) => a - b)[FLOWS >> 1] ?? Number.NaN;
}

/**
 * Of single runs: in repeated ones the packet keeps the port that it got, and is of another flow each time.
 * @returns of the first runs of a flow, and of later ones
 */
function costOfPorts(fd: number): readonly [first: number, later: number] {
  const run = () => testRun(fd, datagram(1)).nanoseconds;
  const middle = () => Array.from({ length: 51 }, run).sort((a, b) => a - b)[25] ?? Number.NaN;
  const first = middle();
  for (let times = 0; times < WARM; times++) run();
  return [first, middle()];
}

const [NEXT, PASS, REDIRECT] = [0xffff_ffff, 2, 4];
/** r0 = `result`; exit */
const nothing = (type: number, result: number): number =>
  loadProgram({
    name: 'nothing',
    type,
    attachType: 0,
    instructions: Uint8Array.of(
      0xb7,
      0,
      0,
      0,
      ...new Uint8Array(Int32Array.of(result).buffer),
      0x95,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ),
  });

native().unlimitMemlock();
const idleProgram = nothing(PROGRAM_TYPE.xdp, PASS);
const idle = cost(idleProgram, datagram, PASS);
const idleOut = cost(nothing(PROGRAM_TYPE.schedCls, -1), datagram, NEXT);
const rows: (readonly [what: string, instructions: number])[] = [];

const SPREADS = [
  ['random', 'random', `${PORT}`, datagram],
  ['round', 'round', `${PORT}`, datagram],
  ['payload', 'payload:0:0x000fffff', `${PORT}`, datagram],
  ['flow', 'flow', `${PORT}`, datagram],
  [
    'quic',
    'quic:8',
    `${PORT}`,
    (number: number) =>
      datagram(number, PORT, Buffer.concat([Uint8Array.of(0x41), u32(number), Buffer.alloc(40)])),
  ],
  [
    'inner, GRE',
    'inner',
    'gre',
    (number: number) => ethernet(network(flow(1), 'gre', tunnels.gre(inside(number), 0, false))),
  ],
  ['inner, VXLAN', 'inner', '4789', (number: number) => datagram(1, 4789, tunnels.vxlan(inside(number)))],
] as const;
for (const [what, byText, portText, packetOf] of SPREADS) {
  await sleep(250);
  const by = parseBy(byText);
  const ports = by && parsePorts(portText, by.way);
  if (by === null || ports === null) throw new Error(`${what}: not a spread`);
  const spread = { by, ...ports, tcp: false, cpus: [0], queue: 64, mode: 'native' } as const;
  const image = imageOf({ command: 'spread', way: by.way });
  const fd = load({ image, name: 'lt_cost', ...fill(spread, 1, 1) });
  rows.push([what, cost(fd, packetOf, REDIRECT) - idle]);
  if (what === 'flow')
    rows.push(['flow, for another port', cost(fd, (number) => datagram(number, 80), PASS) - idle]);
  closeDescriptor(fd);
}
await sleep(250);
const oneWay = load({
  image: imageOf({ command: 'sport' }),
  name: 'lt_cost',
  ...fillSport({ ...SPORT, restore: false }),
});
rows.push(['sport --one-way', cost(oneWay, datagram, PASS) - idle]);
await sleep(250);
const image = imageOf({ command: 'sport', way: 'restore' });
const given = load({ image, name: 'lt_cost', ...fillSport({ ...SPORT, restore: true }) });
const [idleOnce] = costOfPorts(idleProgram);
const [first, later] = costOfPorts(given);
rows.push(['sport --restore, a new port', first - idleOnce]);
rows.push(['sport --restore, a port that was given before', later - idleOnce]);
await sleep(250);
const inherits = { programId: programInfo(given).id, maps: ['given'] };
const back = load({ image, section: 'tc', name: 'lt_cost', sizes: {}, entries: [], inherits });
/** To the port that the datagram got: the test run answers with the packet. */
const answer = (number: number): Uint8Array => {
  const { output } = testRun(given, datagram(number));
  const port = Buffer.from(output).readUInt16BE(34);
  const there = flow(number);
  const here = {
    source: there.destination,
    destination: there.source,
    sourcePort: PORT,
    destinationPort: port,
  };
  return ethernet(network(here, 'udp', udp(here, Buffer.alloc(40, 1))));
};
rows.push(['an answer, on its way out', cost(back, answer, NEXT) - idleOut]);
console.log(JSON.stringify(rows));
