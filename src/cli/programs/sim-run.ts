/** `locality-tune sim`: one packet, or all of a capture. */
import { EMPTY, type Environment } from '../../cbpf/environment.ts';
import type { Instruction } from '../../cbpf/instruction.ts';
import { randomFrom } from '../../cbpf/random.ts';
import { compile, earlyExitText, type Input, inputs } from '../../cbpf/simulate.ts';
import { trace } from '../../cbpf/trace.ts';
import { packetOf } from '../../pcap/packet.ts';
import { type Destination, distribute, type Replay, replay } from '../../pcap/replay.ts';
import { captureLines, type Simulated, simulatedLines } from '../../report/sim.ts';
import { cliFailure, during, usage } from '../errors.ts';
import { readCaptureFile } from '../inspect/capture-file.ts';
import type { Globals } from '../options.ts';
import { printDocument, printLines, progress, styleOf } from '../output.ts';
import { type Loaded, loadProgram, type NamedOptions, sizeOf } from './program-named.ts';

export interface SimCommandOptions extends Globals, NamedOptions {
  readonly packet?: Uint8Array;
  readonly frame?: Uint8Array;
  readonly pcap?: string;
  readonly port?: number;
  readonly tcp?: true;
  readonly udp?: true;
  readonly seed: number;
  readonly trace?: true;
  readonly semicolons?: true;
  readonly cpu?: number;
  readonly rand?: number;
  readonly rxhash?: number;
  readonly queue?: number;
  readonly mark?: number;
  readonly ifindex?: number;
  readonly protocol?: number;
  readonly hatype?: number;
  readonly type?: number;
}

const SCHEMA = 'locality-tune.sim/1' as const;

export async function runSim(word: string, options: SimCommandOptions): Promise<void> {
  refuseContradictions(word, options);
  const loaded = await loadProgram(word, options);
  // A program that was made for a group size runs for that group.
  const size = loaded.spec === null ? (options.groupSize ?? null) : sizeOf(options);
  if (options.pcap === undefined) simulatePacket(loaded, size, options);
  else await simulateCapture(loaded, size, options.pcap, options);
}

function refuseContradictions(word: string, options: SimCommandOptions): void {
  const { packet, frame, pcap, port, tcp, udp, trace } = options;
  const given = Object.entries({ packet, frame, pcap }).filter(([, value]) => value !== undefined);
  if (given.length > 1)
    throw usage(`${given.map(([name]) => `--${name}`).join(', ')}: only one is possible`, 'omit the others');
  if ((port !== undefined || tcp || udp) && pcap === undefined)
    throw usage('--port, --tcp, --udp: need a capture', 'add --pcap FILE');
  if (tcp && udp) throw usage('--tcp, --udp: only one is possible', 'omit both to count both');
  if (trace && pcap !== undefined) throw usage('--trace: needs one packet', 'add --packet or --frame');
  if (pcap === '-' && word === '-')
    throw usage('--pcap -: the program is read from stdin already', 'name a file for one of them');
}

const READABLE = ['cpu', 'rand', 'rxhash', 'queue', 'mark', 'ifindex', 'protocol', 'hatype', 'type'] as const;

/** What the user has set, and random numbers for the rest. */
function given(options: SimCommandOptions): Partial<Environment> {
  const set = READABLE.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]]));
  return { rand: randomFrom(options.seed), ...Object.fromEntries(set) };
}

function simulatePacket({ program, label }: Loaded, size: number | null, options: SimCommandOptions): void {
  const packet =
    options.frame === undefined ? { packet: options.packet ?? EMPTY.packet } : fromFrame(options.frame);
  const { result, earlyExit, steps } = trace(program, { ...packet, ...given(options) });
  const simulated: Simulated = {
    result,
    earlyExit: earlyExit && earlyExitText(earlyExit),
    slot: size === null || result >= size ? null : result,
    fallsBack: size === null ? null : result >= size,
    steps,
    groupSize: size,
  };
  if (options.json || options.pretty) {
    const distribution =
      size === null ? {} : { distribution: distribute(new Map([[result, 1]]), size).slots };
    const notes = unknownInputs(program, options);
    printDocument({ schema: SCHEMA, program: label, ...simulated, ...distribution, notes }, options);
  } else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(
      simulatedLines(simulated, options.trace === true, unknownInputs(program, options), style),
      style,
    );
  }
}

const ETHERNET = 1;

function fromFrame(bytes: Uint8Array): Environment {
  const packet = packetOf({ linkType: ETHERNET, bytes, length: bytes.length });
  if (typeof packet !== 'string') return packet.environment;
  throw cliFailure(
    'no-choice',
    `--frame: the kernel chooses no socket for it: ${packet}`,
    'use a UDP datagram or a TCP SYN',
  );
}

async function simulateCapture(
  { program, label }: Loaded,
  size: number | null,
  file: string,
  options: SimCommandOptions,
): Promise<void> {
  const name = file === '-' ? 'stdin' : file;
  const replayed = await during(`read ${name}`, 'read access to the file', () =>
    readFile(file, program, options),
  );
  if (replayed.problem !== null && replayed.packets === 0 && replayed.passedOver.size === 0)
    throw cliFailure('no-capture', `${name}: ${replayed.problem}`, 'tcpdump -w FILE writes one');
  const distribution = size === null ? null : distribute(replayed.results, size);
  const notes = [...captureNotes(name, replayed), ...unknownInputs(program, options)];
  if (options.json || options.pretty) {
    const { packets, passedOver, results, earlyExits, ports } = replayed;
    const counts = <K, T>(map: ReadonlyMap<K, number>, counted: (value: K, packets: number) => T): T[] =>
      [...map].sort(([, one], [, other]) => other - one).map(([value, packets]) => counted(value, packets));
    const document = {
      program: label,
      result: null,
      earlyExit: null,
      steps: [],
      groupSize: size,
      packets,
      passedOver: counts(passedOver, (why, packets) => ({ why, packets })),
      ports: counts(ports, (port, packets) => ({ port, packets })),
      earlyExits: counts(earlyExits, (why, packets) => ({ why, packets })),
      ...(distribution === null
        ? { results: counts(results, (result, packets) => ({ result, packets })) }
        : { distribution: distribution.slots, hashed: distribution.hashed }),
      notes,
    };
    printDocument({ schema: SCHEMA, ...document }, options);
  } else {
    const style = styleOf(options.color, process.stdout, process.env);
    printLines(captureLines(name, replayed, distribution, notes, style), style);
  }
}

function destination({ port, tcp, udp }: SimCommandOptions): Destination {
  return { port: port ?? null, protocol: tcp ? 'tcp' : udp ? 'udp' : null };
}

function readFile(file: string, program: readonly Instruction[], options: SimCommandOptions): Replay {
  const done = progress('running the program on the capture ...');
  try {
    const run = compile(program);
    return readCaptureFile(file, (pull) => replay(run, pull, given(options), destination(options)));
  } finally {
    done();
  }
}

function captureNotes(name: string, { problem, ports }: Replay): string[] {
  const [first, second] = ports.keys();
  return [
    ...(problem === null ? [] : [`${name}: ${problem}; only the packets before that are counted`]),
    ...(second === undefined
      ? []
      : [
          `packets to ${first}, ${second}${ports.size > 2 ? ' …' : ''} count as if one group served them all; ` +
            'choose with --port, --tcp and --udp',
        ]),
  ];
}

const UNKNOWN: Partial<Record<Input, string>> = {
  cpu: 'the CPU',
  rxhash: "the NIC's hash",
  queue: 'the RX queue',
};

/** A figure that depends on a default of 0 would mislead. */
function unknownInputs(program: readonly Instruction[], options: SimCommandOptions): string[] {
  return [...inputs(program)].flatMap((input) => {
    const what = UNKNOWN[input];
    const set = input === 'packet' || input === 'other' || options[input] !== undefined;
    return what === undefined || set
      ? []
      : [`the program reads ${what}, which is taken as 0; set it with --${input}`];
  });
}
