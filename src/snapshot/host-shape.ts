/** The shape of a `Host` in JSON: src/host/types.ts again, as a check of files from other machines. */

import { check } from '../cbpf/check.ts';
import type { Instruction } from '../cbpf/instruction.ts';
import type { Cpus } from '../host/cpus.ts';
import type {
  ChannelCount,
  Channels,
  Container,
  Group,
  GroupSocket,
  Host,
  Irq,
  Isolation,
  KernelThread,
  LoneSocket,
  Machine,
  NapiThread,
  Nic,
  NtupleMatch,
  NtupleRule,
  Owner,
  Processor,
  Program,
  Rss,
  RssContextTable,
  RxQueue,
  TxQueue,
} from '../host/types.ts';
import { isIP } from '../system/ip.ts';
import {
  list,
  Mismatch,
  nullable,
  number,
  object,
  oneOf,
  type Shape,
  text,
  truth,
  whole,
} from '../system/shape.ts';

/** No kernel has this many CPUs, queues or table entries; with more, a mask would use up the memory. */
const index = whole(0, 65_535);
const natural = whole(0, Number.MAX_SAFE_INTEGER);
const integer = whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const notes = list(text);

const cpus: Shape<Cpus> = (value, at) => {
  const found = list(index)(value, at);
  if (found.some((cpu, i) => i > 0 && cpu <= (found[i - 1] ?? -1)))
    throw new Mismatch(`${at}: CPUs must be in ascending order, each once`);
  return found;
};

/**
 * Interface names appear in commands that people copy, so a file from elsewhere must not inject anything through them.
 */
const interfaceName: Shape<string> = (value, at) => {
  const name = text(value, at);
  if (!/^[^\s/;&|<>$`"'\\(){}[\]*?!#~\p{C}]{1,64}$/u.test(name))
    throw new Mismatch(`${at}: not the name of an interface: ${JSON.stringify(name.slice(0, 40))}`);
  return name;
};

const processor = object<Processor>({
  model: nullable(text),
  sockets: nullable(natural),
  cores: nullable(natural),
  l2Bytes: nullable(natural),
  l3Bytes: nullable(natural),
});

const isolation = object<Isolation>({
  source: oneOf('isolcpus', 'nohz_full', 'cpuset', 'cpuset-isolated'),
  cpus,
  name: nullable(text),
});

export const machine = object<Machine>({
  hostname: nullable(text),
  kernel: nullable(text),
  arch: nullable(text),
  distro: nullable(text),
  cpus: object<Machine['cpus']>({
    online: cpus,
    isolated: cpus,
    isolation: nullable(list(isolation)),
    smtSiblings: list(cpus),
    numa: list(object<Machine['cpus']['numa'][number]>({ node: index, cpus })),
  }),
  processor: nullable(processor),
  memoryBytes: nullable(natural),
  kernelThreads: nullable(
    list(
      object<KernelThread>({
        kind: oneOf('cpumap', 'ksoftirqd'),
        pid: natural,
        comm: text,
        cpu: index,
        seconds: nullable(number),
      }),
    ),
  ),
  irqbalance: object<Machine['irqbalance']>({
    running: nullable(truth),
    bannedIrqs: nullable(list(natural)),
  }),
  rpsSockFlowEntries: nullable(natural),
});

const setting = object<ChannelCount>({ current: natural, max: natural });

/** 32 times the largest of any NIC. */
const MOST_ENTRIES = 65_536;

const indirection: Shape<readonly number[]> = (value, at) => {
  const table = list(index)(value, at);
  if (table.length > MOST_ENTRIES) throw new Mismatch(`${at}: more than ${MOST_ENTRIES} entries`);
  return table;
};

const contextTable = object<RssContextTable>({
  context: natural,
  hashFunction: nullable(text),
  key: nullable(text),
  indirection,
});

const match = <T>(of: Shape<T>): Shape<NtupleMatch<T> | null> =>
  nullable(object<NtupleMatch<T>>({ value: of, mask: of }));
const ip: Shape<string> = (value, at) => {
  const address = text(value, at);
  if (isIP(address) === 0)
    throw new Mismatch(`${at}: not an IP address: ${JSON.stringify(address.slice(0, 40))}`);
  return address;
};

const rule = object<NtupleRule>({
  location: natural,
  flow: text,
  source: match(ip),
  destination: match(ip),
  sourcePort: match(index),
  destinationPort: match(index),
  protocol: match(whole(0, 255)),
  partial: truth,
  action: oneOf('queue', 'context', 'drop', 'vf'),
  queue: nullable(natural),
  context: nullable(natural),
});

const rss = object<Rss>({
  hashFunction: nullable(text),
  inputXfrm: nullable(text),
  key: nullable(text),
  indirection,
  isDefault: nullable(truth),
  fields: object<Rss['fields']>({
    tcp4: nullable(text),
    udp4: nullable(text),
    tcp6: nullable(text),
    udp6: nullable(text),
  }),
  contexts: nullable(list(natural)),
  contextTables: nullable(list(contextTable)),
  ntupleRules: nullable(natural),
  rules: nullable(list(rule)),
});

const irq = object<Irq>({
  irq: natural,
  name: text,
  role: oneOf('rx', 'tx', 'rxtx', 'other'),
  queues: list(index),
  affinity: nullable(cpus),
  effective: nullable(cpus),
  counts: list(natural),
  source: oneOf('netdev', 'msi_irqs', 'hwirq', 'proc_irq', 'name'),
});

const queue = {
  index,
  irq: nullable(natural),
  cpus,
  cpusSource: nullable(oneOf('effective', 'counts', 'affinity')),
};

const napiThread = object<NapiThread>({
  pid: natural,
  comm: nullable(text),
  napi: natural,
  rx: list(index),
  tx: list(index),
  cpus: nullable(cpus),
});

export const nic = object<Nic>({
  name: interfaceName,
  driver: nullable(text),
  busInfo: nullable(text),
  numaNode: nullable(integer),
  state: nullable(text),
  lowerDevices: list(interfaceName),
  standby: nullable(truth),
  threadedNapi: nullable(truth),
  napiThreads: nullable(list(napiThread)),
  channels: nullable(
    object<Channels>({
      rx: nullable(setting),
      tx: nullable(setting),
      combined: nullable(setting),
      other: nullable(setting),
    }),
  ),
  rings: nullable(object<NonNullable<Nic['rings']>>({ rx: setting, tx: setting })),
  rss: nullable(rss),
  irqs: list(irq),
  rxQueues: list(object<RxQueue>({ ...queue, rps: nullable(cpus), rfsFlows: nullable(natural) })),
  txQueues: list(object<TxQueue>({ ...queue, xpsCpus: nullable(cpus), xpsRxqs: nullable(list(index)) })),
  notes,
});

const instruction: Shape<Instruction> = (value, at) => {
  const numbers = list(natural)(value, at);
  const [code, jt, jf, k] = numbers;
  if (numbers.length !== 4 || code === undefined || jt === undefined || jf === undefined || k === undefined)
    throw new Mismatch(`${at}: code, jt, jf and k expected`);
  if (code > 0xffff || jt > 0xff || jf > 0xff || k > 0xffffffff)
    throw new Mismatch(`${at}: not a classic BPF instruction`);
  return [code, jt, jf, k];
};

const instructions: Shape<readonly Instruction[]> = (value, at) => {
  const found = list(instruction)(value, at);
  const [fault] = check(found);
  if (fault !== undefined)
    throw new Mismatch(`${at}: not a program that the kernel accepts: ${fault.message}`);
  return found;
};

const program = object<Program>({
  kind: oneOf('cbpf', 'ebpf'),
  name: nullable(text),
  asm: nullable(text),
  instructions: nullable(instructions),
});

const container = object<Container>({
  runtime: nullable(text),
  id: nullable(text),
  pod: nullable(text),
  name: nullable(text),
  podName: nullable(text),
});

const owner = object<Owner>({
  pid: natural,
  tid: nullable(natural),
  comm: text,
  fd: natural,
  via: oneOf('epoll', 'syscall', 'fd'),
  cpus: nullable(cpus),
  unit: nullable(text),
  container: nullable(container),
});

const socket = object<GroupSocket>({
  inode: natural,
  slot: nullable(index),
  slotSource: nullable(oneOf('kernel', 'guess')),
  owners: list(owner),
  holders: list(object<GroupSocket['holders'][number]>({ pid: natural, fd: natural })),
  cpus,
  recvQueue: nullable(natural),
  drops: nullable(natural),
  connected: nullable(truth),
  incomingCpu: nullable(integer),
  packets: nullable(natural),
});

export const group = object<Group>({
  id: text,
  protocol: oneOf('tcp', 'udp'),
  address: text,
  port: index,
  device: nullable(interfaceName),
  netns: nullable(natural),
  uid: nullable(natural),
  size: index,
  kernelGroups: nullable(natural),
  newFlows: nullable(truth),
  selection: nullable(oneOf('hash', 'incoming_cpu', 'cbpf', 'ebpf')),
  program: nullable(program),
  sampledSeconds: nullable(number),
  incomingCpuHonoured: nullable(truth),
  sockets: list(socket),
  notes,
});

export const lone = object<LoneSocket>({
  id: text,
  protocol: oneOf('tcp', 'udp'),
  address: text,
  port: index,
  device: nullable(interfaceName),
  inode: natural,
  owners: list(owner),
  processes: natural,
  recvQueue: nullable(natural),
  drops: nullable(natural),
});

export const host = object<Host>({ machine, nics: list(nic), groups: list(group), lone: list(lone), notes });
